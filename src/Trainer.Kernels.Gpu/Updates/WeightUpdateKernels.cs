using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Updates;

/// <summary>Weights, what the optimizer keeps, and the average of the weights; without elements where there is less.</summary>
internal readonly record struct UpdateBuffers(
    ArrayView<float> Weights, ArrayView<float> State0, ArrayView<float> State1, ArrayView<float> State2, ArrayView<float> Average)
{
    /// <summary>Buffers of weights and optimizer, at most.</summary>
    public const int Most = 4;
}

/// <param name="Steps">Ascending; they cover the buffers.</param>
/// <param name="Before">What is read.</param>
/// <param name="After">What is written; may be the same.</param>
internal readonly record struct UpdatePass(
    long Elements, ArrayView<UpdateStep> Steps, ArrayView<float> Total, UpdateBuffers Before, UpdateBuffers After);

/// <summary>One step of an optimizer; a thread does one element.</summary>
internal static class WeightUpdateKernels
{
    public static readonly Kernel<UpdatePass> Update = Kernel.Of<UpdatePass>(UpdateElement);

    private static void UpdateElement(UpdatePass a)
    {
        var i = Grid.GlobalLinearIndex;
        if (i >= a.Elements)
        {
            return;
        }

        var s = a.Steps[StepAt(a.Steps, i)];
        var next = WeightAt.Load(a.Before, i);
        if (s.Rule == UpdateRule.Average)
        {
            next = next with { W = LaneUpdate<ExactLane, float>.Average(s.Momentum, a.Total[i], next.W) };
        }
        else if (s.Rule == UpdateRule.Sgd)
        {
            next = next.Sgd(s, a.Total[i]);
        }
        else if (s.Rule == UpdateRule.Adam || s.Rule == UpdateRule.AdamW)
        {
            next = next.Adam(s, a.Total[i]);
        }
        else if (s.Rule == UpdateRule.RmsProp)
        {
            next = next.RmsProp(s, a.Total[i]);
        }
        else if (s.Rule == UpdateRule.Adagrad)
        {
            next = next.Adagrad(s, a.Total[i]);
        }

        next.Store(a.After, i);
        if (a.Before.Average.Length > 0)
        {
            var averages = a.After.Average;
            averages[i] = Average(s, a.Before.Average[i], next.W);
        }
    }

    private static float Average(UpdateStep s, float average, float w)
    {
        var next = s.AverageShare == 0 ? average : LaneUpdate<ExactLane, float>.AverageOfWeights(s.AverageShare, average, w);
        return s.AverageShare == 1 ? w : next;
    }

    /// <summary>The number of the step that holds an element.</summary>
    private static int StepAt(ArrayView<UpdateStep> steps, long element)
    {
        var (low, high) = (0, (int)steps.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var holds = steps[middle].First + steps[middle].Elements > element;
            high = holds ? middle : high;
            low = holds ? low : middle + 1;
        }

        return low;
    }
}

/// <summary>A weight and what the optimizer keeps of it, in registers.</summary>
internal readonly record struct WeightAt(float W, float State0, float State1, float State2)
{
    public static WeightAt Load(UpdateBuffers buffers, long place) => new(
        buffers.Weights[place],
        buffers.State0.Length > 0 ? buffers.State0[place] : 0f,
        buffers.State1.Length > 0 ? buffers.State1[place] : 0f,
        buffers.State2.Length > 0 ? buffers.State2[place] : 0f);

    public void Store(UpdateBuffers buffers, long place)
    {
        var (weights, state0, state1, state2) = (buffers.Weights, buffers.State0, buffers.State1, buffers.State2);
        weights[place] = W;
        if (state0.Length > 0)
        {
            state0[place] = State0;
        }

        if (state1.Length > 0)
        {
            state1[place] = State1;
        }

        if (state2.Length > 0)
        {
            state2[place] = State2;
        }
    }

    public WeightAt Sgd(UpdateStep s, float total)
    {
        var (g, v) = (Exact.Multiply(s.Scale, total), State0);
        g = s.WeightDecay != 0 ? LaneUpdate<ExactLane, float>.DecayedGradient(s.WeightDecay, W, g) : g;
        if (s.StateBuffers > 0)
        {
            v = s.IsFirst ? g : LaneUpdate<ExactLane, float>.Velocity(s.Momentum, s.Undampened, v, g);
            g = s.Nesterov ? LaneUpdate<ExactLane, float>.Nesterov(s.Momentum, v, g) : v;
        }

        return new WeightAt(LaneUpdate<ExactLane, float>.Step(-s.LearningRate, g, W), v, State1, State2);
    }

    public WeightAt Adam(UpdateStep s, float total)
    {
        var (w, g, decoupled) = (W, Exact.Multiply(s.Scale, total), s.Rule == UpdateRule.AdamW);
        if (s.WeightDecay != 0)
        {
            g = decoupled ? g : LaneUpdate<ExactLane, float>.DecayedGradient(s.WeightDecay, w, g);
            w = decoupled ? LaneUpdate<ExactLane, float>.DecayedWeight(s.WeightDecay, w) : w;
        }

        var m = LaneUpdate<ExactLane, float>.Mean(s.Rest1, State0, g);
        var v = LaneUpdate<ExactLane, float>.Square(s.Rest2, s.Beta2, State1, g);
        return new WeightAt(LaneUpdate<ExactLane, float>.Step(-s.LearningRate, LaneUpdate<ExactLane, float>.Direction(m, v, s.RootCorrection2, s.Eps), w), m, v, State2);
    }

    public WeightAt Adagrad(UpdateStep s, float total)
    {
        var g = Exact.Multiply(s.Scale, total);
        g = s.WeightDecay != 0 ? LaneUpdate<ExactLane, float>.DecayedGradient(s.WeightDecay, W, g) : g;
        var sum = LaneUpdate<ExactLane, float>.SumOfSquares(s.IsFirst ? s.InitialSquare : State0, g);
        return new WeightAt(LaneUpdate<ExactLane, float>.Step(-s.LearningRate, LaneUpdate<ExactLane, float>.Quotient(g, sum, s.Eps), W), sum, State1, State2);
    }

    /// <summary>The mean is the last of the state, behind the velocity if there is one.</summary>
    public WeightAt RmsProp(UpdateStep s, float total)
    {
        var (g, second, third, hasVelocity) = (Exact.Multiply(s.Scale, total), State1, State2, s.Momentum != 0);
        g = s.WeightDecay != 0 ? LaneUpdate<ExactLane, float>.DecayedGradient(s.WeightDecay, W, g) : g;
        var square = LaneUpdate<ExactLane, float>.Square(s.Rest2, s.Beta2, State0, g);
        var spread = square;
        if (s.Centered)
        {
            var mean = LaneUpdate<ExactLane, float>.Mean(s.Rest2, hasVelocity ? State2 : State1, g);
            spread = LaneUpdate<ExactLane, float>.Variance(square, mean);
            second = hasVelocity ? second : mean;
            third = hasVelocity ? mean : third;
        }

        var direction = LaneUpdate<ExactLane, float>.Quotient(g, spread, s.Eps);
        direction = hasVelocity ? Exact.Fma(s.Momentum, State1, direction) : direction;
        second = hasVelocity ? direction : second;
        return new WeightAt(LaneUpdate<ExactLane, float>.Step(-s.LearningRate, direction, W), square, second, third);
    }
}
