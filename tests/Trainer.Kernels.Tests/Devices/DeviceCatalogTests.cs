using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Gpu;
using Trainer.Kernels.Tests.Gpu;

namespace Trainer.Kernels.Tests.Devices;

[Collection(GpuVariants.Serial)]
public sealed class DeviceCatalogTests
{
    private static readonly DeviceListing Cpu = new("cpu", "a CPU", 0, "v1", IsGpu: false, Obstacle: null);
    private static readonly DeviceListing NoCuda = new("cuda", "", 0, "", IsGpu: false, "no NVIDIA driver: libcuda.so.1 is not there");
    private static readonly DeviceListing Pocl = new("opencl:0", "PoCL", 0, "v1+pocl", IsGpu: false, Obstacle: null);

    [Theory]
    [InlineData("auto", "auto", null)]
    [InlineData("cpu", "cpu", null)]
    [InlineData("cuda", "cuda", null)]
    [InlineData("cuda:0", "cuda", 0)]
    [InlineData("opencl:12", "opencl", 12)]
    public void Names_are_read(string text, string kind, int? number)
    {
        Assert.Equal(new DeviceName(kind, number), DeviceName.Parse(text));
        Assert.Equal(text, DeviceName.Parse(text).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CUDA")]
    [InlineData("cpu:0")]
    [InlineData("auto:0")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda: 1")]
    [InlineData("opencl:x")]
    [InlineData("opencl:4294967296")]
    public void Other_names_are_refused(string text) => Assert.Equal(
        $"Device '{text}' is unknown; expected auto, cpu, cuda[:N] or opencl[:N].", Assert.Throws<DeviceException>(() => DeviceCatalog.Open(text)).Message);

    [Fact]
    public void Auto_takes_cuda_then_an_opencl_gpu_then_the_cpu()
    {
        var cuda = new DeviceListing("cuda:1", "a GPU", 0, "v1", IsGpu: true, Obstacle: null);
        var broken = cuda with { Name = "cuda:0", Obstacle = "broken" };
        var gpu = new DeviceListing("opencl:1", "another GPU", 0, "v1+gpu", IsGpu: true, Obstacle: null);

        Assert.Equal(cuda, Choose("auto", Cpu, broken, cuda, Pocl, gpu));
        Assert.Equal(gpu, Choose("auto", Cpu, broken, Pocl, gpu));
        Assert.Equal(Cpu, Choose("auto", Cpu, NoCuda, Pocl));
        Assert.Equal(Pocl, Choose("opencl", Cpu, NoCuda, Pocl, gpu));
        Assert.Equal(gpu, Choose("opencl:1", Cpu, NoCuda, Pocl, gpu));
        Assert.Equal(cuda, Choose("cuda", Cpu, broken, cuda));
    }

    [Fact]
    public void What_cannot_be_had_is_said_with_what_can()
    {
        var broken = Pocl with { Name = "opencl:1", Obstacle = "broken" };

        Assert.Equal(
            "Device 'cuda' cannot be used: no NVIDIA driver: libcuda.so.1 is not there. There is: cpu (a CPU); cuda (not usable); opencl:0 (PoCL).",
            Refused("cuda", Cpu, NoCuda, Pocl));
        Assert.Equal(
            "Device 'cuda:3' cannot be used: no NVIDIA driver: libcuda.so.1 is not there. There is: cpu (a CPU); cuda (not usable); opencl:0 (PoCL).",
            Refused("cuda:3", Cpu, NoCuda, Pocl));
        Assert.Equal("Device 'opencl:1' cannot be used: broken. There is: cpu (a CPU); opencl:0 (PoCL); opencl:1 (not usable).", Refused("opencl:1", Cpu, Pocl, broken));
        Assert.Equal("Device 'opencl:2' cannot be used: there is none of this name. There is: cpu (a CPU); opencl:0 (PoCL).", Refused("opencl:2", Cpu, Pocl));
    }

    [Fact]
    public void The_list_has_the_cpu_and_of_every_kind_its_devices_or_why_there_are_none()
    {
        var devices = DeviceCatalog.List();

        using var cpu = CpuDevice.Create();
        Assert.Equal((cpu.Name, cpu.Description, cpu.NumericsId), (devices[0].Name, devices[0].Description, devices[0].NumericsId));
        Assert.Equal([DeviceKind.Cpu, DeviceKind.Cuda, DeviceKind.OpenCl], devices.Select(device => device.Kind).Distinct());
        Assert.All(devices, device => Assert.Equal(device.IsUsable, device.NumericsId.Length > 0));
        Assert.All(devices.Where(device => device.Name == device.Kind && device != devices[0]), missing => Assert.NotNull(missing.Obstacle));
    }

    [Fact]
    public void Whatever_the_list_calls_usable_opens_as_what_it_says() => Assert.All(DeviceCatalog.List().Where(device => device.IsUsable), listed =>
    {
        using var device = DeviceCatalog.Open(listed.Name);
        Assert.Equal((listed.Name, listed.Kind, listed.Description, listed.NumericsId), (device.Name, device.Kind, device.Description, device.NumericsId));
    });

    private static DeviceListing Choose(string name, params DeviceListing[] devices) => DeviceCatalog.Choose(DeviceName.Parse(name), devices);

    private static string Refused(string name, params DeviceListing[] devices) => Assert.Throws<DeviceException>(() => Choose(name, devices)).Message;
}
