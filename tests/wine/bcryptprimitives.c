/*
 * Wine before 9 lacks this library, of which Rust's standard library wants one function: random
 * bytes. For tests under Wine only; Windows has its own.
 */
#include <stddef.h>

unsigned char __stdcall SystemFunction036(void *buffer, unsigned long length); /* RtlGenRandom */

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *buffer, size_t length)
{
    return SystemFunction036(buffer, (unsigned long)length);
}
