"""The engine in C: `interface` has its calls, `_native` is the extension, and the files in C beside
them are ports of the modules of the same names in `farmlive.media`.
"""
