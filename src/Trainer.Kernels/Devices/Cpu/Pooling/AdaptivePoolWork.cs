using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>Pooling to a given size; the window of output row p is rows [floor(p H / P), ceil((p + 1) H / P)). A piece is a run of planes.</summary>
/// <remarks>
/// Averages are Form L over the window, whose rows are brought together unless they are whole rows of the image. Gradients are added up in a thread's
/// own plane, windows in row order. The largest keep their pixel's number in the plane, an int per output.
/// </remarks>
internal sealed unsafe class AdaptivePoolWork<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 16_384;

    private AdaptivePool2dGeometry _g;
    private int _planes;
    private int _runPlanes;
    private bool _isForward;
    private bool _isMax;
    private SampleRows _source;
    private SampleRows _target;
    private OutputSteps _outputSteps;
    private GradientSteps _gradientSteps;
    private int* _chosen;

    private int Outputs => _g.P * _g.Q;

    private int Pixels => _g.H * _g.W;

    /// <param name="chosen">Null in evaluation.</param>
    public void Forward(in AdaptivePool2dGeometry g, int samples, bool isMax, SampleRows x, OutputSteps steps, SampleRows y, float* chosen)
    {
        (_isForward, _isMax, _source, _outputSteps, _target) = (true, isMax, x, steps, y);
        Execute(g, samples, chosen);
    }

    public void Backward(in AdaptivePool2dGeometry g, int samples, bool isMax, SampleRows dy, float* chosen, GradientSteps steps, SampleRows dx)
    {
        (_isForward, _isMax, _source, _gradientSteps, _target) = (false, isMax, dy, steps, dx);
        Execute(g, samples, chosen);
    }

    public override void Run(int piece, int thread)
    {
        var own = scratch.Own(thread);
        for (var plane = piece * _runPlanes; plane < Math.Min(_planes, (piece + 1) * _runPlanes); plane++)
        {
            var (sample, channel) = (plane / _g.C, plane % _g.C);
            var (image, pooled) = ((long)channel * Pixels, (long)channel * Outputs);
            var chosen = _chosen == null ? null : _chosen + ((long)plane * Outputs);
            if (_isForward)
            {
                ForwardPlane(_source.At(sample, image), own, chosen);
                EpilogueRows<TSimd, TVector>.WriteOutputs(
                    own, Outputs, _outputSteps.Activation, _outputSteps.Addend.At(sample, pooled), _target.At(sample, pooled));
                continue;
            }

            BackwardPlane(_source.At(sample, pooled), own, chosen);
            EpilogueRows<TSimd, TVector>.WriteGradients(
                own,
                Pixels,
                _gradientSteps.Activation,
                _gradientSteps.Output.At(sample, image),
                _gradientSteps.Addend.At(sample, image),
                _target.At(sample, image));
        }
    }

    private void Execute(in AdaptivePool2dGeometry g, int samples, float* chosen)
    {
        _g = g;
        _chosen = (int*)chosen;
        _planes = checked(samples * g.C);
        _runPlanes = Math.Max(1, RunElements / Math.Max(Pixels, Outputs));
        scratch.EnsureOwn(Pixels + (long)Outputs + (2 * CpuMemory.Slack));
        team.Run(this, (_planes + _runPlanes - 1) / _runPlanes);
    }

    private void ForwardPlane(float* x, float* y, int* chosen)
    {
        var gathered = y + Outputs + CpuMemory.Slack;
        for (var p = 0; p < _g.P; p++)
        {
            var (top, bottom) = Range(p, _g.H, _g.P);
            for (var q = 0; q < _g.Q; q++)
            {
                var (left, right) = Range(q, _g.W, _g.Q);
                if (!_isMax)
                {
                    *y++ = Average(x, top, bottom, left, right, gathered);
                    continue;
                }

                var best = Largest(x, top, bottom, left, right);
                *y++ = x[best];
                if (chosen != null)
                {
                    *chosen++ = best;
                }
            }
        }
    }

    private float Average(float* x, int top, int bottom, int left, int right, float* gathered)
    {
        var (width, count) = (right - left, (bottom - top) * (right - left));
        var values = x + (top * _g.W) + left;
        if (width != _g.W)
        {
            for (var h = 0; h < bottom - top; h++)
            {
                new ReadOnlySpan<float>(values + (h * _g.W), width).CopyTo(new Span<float>(gathered + (h * width), width));
            }

            values = gathered;
        }

        return LaneSum<TSimd, TVector, ValueTerm<TSimd, TVector>>.Of(values, values, 0, 0, count) / count;
    }

    private int Largest(float* x, int top, int bottom, int left, int right)
    {
        var best = (top * _g.W) + left;
        for (var h = top; h < bottom; h++)
        {
            for (var i = (h * _g.W) + left; i < (h * _g.W) + right; i++)
            {
                best = x[i] > x[best] || (float.IsNaN(x[i]) && !float.IsNaN(x[best])) ? i : best;
            }
        }

        return best;
    }

    private void BackwardPlane(float* dy, float* dx, int* chosen)
    {
        new Span<float>(dx, Pixels).Clear();
        if (_isMax)
        {
            for (var i = 0; i < Outputs; i++)
            {
                dx[chosen[i]] += dy[i];
            }

            return;
        }

        for (var p = 0; p < _g.P; p++)
        {
            var (top, bottom) = Range(p, _g.H, _g.P);
            for (var q = 0; q < _g.Q; q++)
            {
                var (left, right) = Range(q, _g.W, _g.Q);
                var share = *dy++ / ((bottom - top) * (right - left));
                for (var h = top; h < bottom; h++)
                {
                    for (var i = (h * _g.W) + left; i < (h * _g.W) + right; i++)
                    {
                        dx[i] += share;
                    }
                }
            }
        }
    }

    private static (int First, int End) Range(int output, int size, int outputs) =>
        ((int)((long)output * size / outputs), (int)((((output + 1L) * size) + outputs - 1) / outputs));
}
