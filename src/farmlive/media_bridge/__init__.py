"""The bridge between media and other rooms: stream keys, cameras on air, and permission to
watch.
"""
