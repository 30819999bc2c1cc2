"""The engine in C: `engine` has its calls, `_native` is the extension.

The C files are ports of the modules of the same names in `farmlive.media.engine.python` and
`farmlive.media.wire`.
"""
