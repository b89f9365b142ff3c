using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public class NetworkPlanTests
{
    [Fact]
    public void Lenet_runs_seven_layers_that_take_in_all_sigmoids()
    {
        var plan = new NetworkPlan(Zoo.LeNet(), training: true);

        Assert.Equal(["conv2d", "avg_pool2d", "conv2d", "avg_pool2d", "linear", "linear", "linear"], plan.Operations.Select(o => o.Node.Layer.Kind));
        Assert.Equal(
            [Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.Sigmoid, Activation.None],
            plan.Operations.Select(o => o.Activation));
        Assert.Equal(
            [Activation.None, Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.Sigmoid],
            plan.Operations.Select(o => o.Previous));
        Assert.Equal([false, true, true, true, true, true, true], plan.Operations.Select(o => o.Dx is not null));
    }

    [Fact]
    public void A_sigmoid_runs_by_itself_when_a_neighbour_cannot_take_its_part()
    {
        var last = new NetworkPlan(new Model(new Shape(5), new Linear(3), new Sigmoid()), training: true);
        Assert.Equal(["linear", "sigmoid"], last.Operations.Select(o => o.Node.Layer.Kind));

        var evaluated = new NetworkPlan(new Model(new Shape(5), new Linear(3), new Sigmoid()), training: false);
        Assert.Equal(["linear"], evaluated.Operations.Select(o => o.Node.Layer.Kind));

        var pooled = new NetworkPlan(new Model(new Shape(1, 4, 4), new AvgPool2d(2), new Sigmoid(), new Flatten(), new Linear(3)), training: true);
        Assert.Equal(["avg_pool2d", "sigmoid", "linear"], pooled.Operations.Select(o => o.Node.Layer.Kind));
    }

    [Fact]
    public void Layers_before_the_first_parameter_have_no_backward()
    {
        var plan = new NetworkPlan(new Model(new Shape(1, 4, 4), new AvgPool2d(2), new Flatten(), new Linear(3)), training: true);

        Assert.Equal([false, true], plan.Operations.Select(o => o.IsTrained));
        Assert.Null(plan.Operations[1].Dx);
    }

    /// <summary>Operations 0..6 of LeNet forward at 0..6, the loss at 7, backward of operation i at 14 - i.</summary>
    [Fact]
    public void Buffers_live_from_their_first_to_their_last_use()
    {
        var plan = new NetworkPlan(Zoo.LeNet(), training: true);
        var operations = plan.Operations;

        Assert.Equal(new Lifetime(784, 0, 14), plan.Buffers[plan.Input]);
        Assert.Equal(new Lifetime(6 * 28 * 28, 0, 13), plan.Buffers[operations[0].Y]);
        Assert.Equal(new Lifetime(6 * 14 * 14, 1, 12), plan.Buffers[operations[1].Y]);
        Assert.Equal(new Lifetime(10, 6, 7), plan.Buffers[plan.Logits]);
        Assert.Equal(new Lifetime(10, 7, 8), plan.Buffers[plan.LogitsGradient!.Value]);
        Assert.Equal(new Lifetime(6 * 28 * 28, 13, 14), plan.Buffers[operations[0].Dy!.Value]);
    }

    [Fact]
    public void Evaluation_keeps_no_activation_longer_than_its_reader()
    {
        var plan = new NetworkPlan(Zoo.LeNet(), training: false);

        Assert.Null(plan.LogitsGradient);
        Assert.All(plan.Buffers, life => Assert.InRange(life.Last - life.First, 0, 1));
    }
}
