"""What runs in a process of its own: too slow, too large or too foreign for the proxy's.

`process` starts a child and asks it, `child` is the other end; every other module is a child.
Questions and answers are JSON over the child's own pipes, so nothing raw touches a disk.
"""
