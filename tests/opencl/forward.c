/*
 * A libOpenCL.so that answers two questions about a device differently and forwards everything else to the system's loader.
 *
 * ILGPU wants OpenCL C 2.0 and the generic address space. PoCL 3.1 (Debian 12) compiles such kernels and does not say so; PoCL 4 and later do.
 * Linked to libOpenCL.so.1, so that every other function is found there:
 *
 *   cc -shared -fPIC -O2 forward.c -o libOpenCL.so -Wl,--no-as-needed -l:libOpenCL.so.1
 */
#define CL_TARGET_OPENCL_VERSION 300
#define _GNU_SOURCE
#include <CL/cl.h>
#include <dlfcn.h>
#include <string.h>

typedef cl_int (*device_info)(cl_device_id, cl_device_info, size_t, void *, size_t *);

static cl_int answer(const void *value, size_t size, size_t room, void *to, size_t *written)
{
    if (to != NULL) {
        if (room < size) {
            return CL_INVALID_VALUE;
        }
        memcpy(to, value, size);
    }
    if (written != NULL) {
        *written = size;
    }
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clGetDeviceInfo(cl_device_id device, cl_device_info name, size_t room, void *to, size_t *written)
{
    static const char version[] = "OpenCL C 2.0 PoCL";
    static const cl_bool yes = CL_TRUE;
    device_info next = (device_info)dlsym(RTLD_NEXT, "clGetDeviceInfo");
    if (name == CL_DEVICE_OPENCL_C_VERSION) {
        return answer(version, sizeof version, room, to, written);
    }
    if (name == CL_DEVICE_GENERIC_ADDRESS_SPACE_SUPPORT) {
        return answer(&yes, sizeof yes, room, to, written);
    }
    return next(device, name, room, to, written);
}
