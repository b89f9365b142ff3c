using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>Of each channel of each sample the sum of dy x over its pixels, in Form L, with the gradient's epilogue. A piece is a run of channels.</summary>
internal sealed unsafe class GateGradient<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 16_384;

    private int _channels;
    private int _pixels;
    private int _planes;
    private int _runPlanes;
    private SampleRows _dy;
    private SampleRows _x;
    private GradientSteps _steps;
    private SampleRows _dx;

    public void Execute(int channels, int pixels, int samples, SampleRows dy, SampleRows x, GradientSteps steps, SampleRows dx)
    {
        (_channels, _pixels, _planes) = (channels, pixels, checked(samples * channels));
        (_dy, _x, _steps, _dx) = (dy, x, steps, dx);
        _runPlanes = Math.Max(1, RunElements / pixels);
        team.Run(this, (_planes + _runPlanes - 1) / _runPlanes);
    }

    public override void Run(int piece, int thread)
    {
        var sum = stackalloc float[TSimd.Lanes];
        for (var plane = piece * _runPlanes; plane < Math.Min(_planes, (piece + 1) * _runPlanes); plane++)
        {
            var (sample, channel) = (plane / _channels, plane % _channels);
            var first = (long)channel * _pixels;
            *sum = LaneSum<TSimd, TVector, ProductTerm<TSimd, TVector>>.Of(_dy.At(sample, first), _x.At(sample, first), 0, 0, _pixels);
            EpilogueRows<TSimd, TVector>.WriteGradients(
                sum, 1, _steps.Activation, _steps.Output.At(sample, channel), _steps.Addend.At(sample, channel), _dx.At(sample, channel));
        }
    }
}
