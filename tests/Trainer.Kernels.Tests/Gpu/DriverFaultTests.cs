using ILGPU.Runtime.OpenCL;
using Trainer.Kernels.Gpu;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Tests.Gpu;

public sealed class DriverFaultTests
{
    [Fact]
    public void An_error_of_opencl_has_number_and_name()
    {
        var fault = new CLException(CLError.CL_OUT_OF_RESOURCES);

        Assert.Equal("Device 'opencl:0' failed: OpenCL error -5 (CL_OUT_OF_RESOURCES)", DriverFault.Of("opencl:0", fault).Message);
        Assert.Same(fault, DriverFault.Of("opencl:0", fault).InnerException);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(255, 255, 255)]
    [InlineData(256, 256, 0)]
    [InlineData(257, 300, 1)] // its own event is still there
    [InlineData(45, 300, 45)] // the oldest that is left
    [InlineData(44, 300, 45)] // older than the ring: reached once the oldest is
    [InlineData(1, 300, 45)]
    public void A_mark_older_than_the_ring_is_told_by_the_oldest_event(long mark, long made, int slot) => Assert.Equal(slot, MarkRing.Slot(mark, made, 256));

    [Fact]
    public void A_mark_that_was_never_made_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => MarkRing.Slot(8, 7, 256));
}
