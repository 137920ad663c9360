// The buffers on the stack are written by the library before they are read; clearing them first
// would cost more than a call.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
