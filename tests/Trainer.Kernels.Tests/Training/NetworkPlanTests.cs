using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Tests.Training;

public class NetworkPlanTests
{
    [Fact]
    public void Lenet_runs_seven_layers_that_take_in_all_sigmoids()
    {
        var plan = new NetworkPlan(Zoo.LeNet(), training: true);
        string[] layers = ["conv2d", "avg_pool2d", "conv2d", "avg_pool2d", "linear", "linear", "linear"];

        Assert.Equal(layers, Kinds(plan.Forward));
        Assert.Equal(layers.Reverse(), Kinds(plan.Backward));
        Assert.Equal(
            [Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.Sigmoid, Activation.None],
            plan.Forward.Select(o => o.Activation));
        Assert.Equal(
            [Activation.None, Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.None, Activation.Sigmoid, Activation.Sigmoid],
            plan.Forward.Select(o => o.Previous.Activation));
        Assert.Equal([false, true, true, true, true, true, true], plan.Forward.Select(o => o.Dx is not null));
    }

    [Fact]
    public void An_activation_whose_derivative_needs_its_input_runs_by_itself()
    {
        var plan = new NetworkPlan(new Model(new Shape(5), new Linear(3), new GELU(), new Linear(2), new ReLU()), training: true);

        Assert.Equal(["linear", "gelu", "linear"], Kinds(plan.Forward));
        Assert.Equal(["sum", "linear", "gelu", "linear"], Kinds(plan.Backward));
        Assert.Equal(Activation.Relu, plan.Backward[0].Previous.Activation);
    }

    [Fact]
    public void Layers_before_the_first_parameter_have_no_backward()
    {
        var plan = new NetworkPlan(new Model(new Shape(1, 4, 4), new AvgPool2d(2), new Flatten(), new Linear(3)), training: true);

        Assert.Equal(["linear"], Kinds(plan.Backward));
        Assert.Null(plan.Backward[0].Dx);
    }

    /// <summary>Operations 0..6 of LeNet forward at 0..6, the loss at 7, backward of operation i at 14 - i.</summary>
    [Fact]
    public void Buffers_live_from_their_first_to_their_last_use()
    {
        var plan = new NetworkPlan(Zoo.LeNet(), training: true);
        var operations = plan.Forward;

        Assert.Equal(new PlannedBuffer(784, 0, 0, 14), plan.Buffers[plan.Input.Buffer]);
        Assert.Equal(new PlannedBuffer(6 * 28 * 28, 0, 0, 13), plan.Buffers[plan.PlaceOf(operations[0].Y!).Buffer]);
        Assert.Equal(new PlannedBuffer(6 * 14 * 14, 0, 1, 12), plan.Buffers[plan.PlaceOf(operations[1].Y!).Buffer]);
        Assert.Equal(new PlannedBuffer(10, 0, 6, 7), plan.Buffers[plan.Output.Buffer]);
        Assert.Equal(new PlannedBuffer(10, 0, 7, 8), plan.Buffers[plan.OutputGradient!.Value.Buffer]);
        Assert.Equal(new PlannedBuffer(6 * 28 * 28, 0, 13, 14), plan.Buffers[operations[0].Dy!.Value.Buffer]);
    }

    [Fact]
    public void Evaluation_keeps_no_activation_longer_than_its_reader()
    {
        var plan = new NetworkPlan(Zoo.LeNet(), training: false);

        Assert.Null(plan.OutputGradient);
        Assert.Empty(plan.Backward);
        Assert.All(plan.Buffers, life => Assert.InRange(life.Last - life.First, 0, 1));
    }

    [Fact]
    public void A_sum_and_its_relu_are_taken_in_by_the_layer_that_ends_the_later_side()
    {
        var plan = new NetworkPlan(
            new Model(
                new Shape(2, 4, 4),
                new Conv2d(3, 1),
                new ReLU(),
                new Residual(new Conv2d(3, 3) { Padding = 1 }, new BatchNorm2d()),
                new ReLU(),
                new Residual(new Conv2d(3, 3) { Padding = 1 }) { Shortcut = [new Conv2d(3, 1)] },
                new Flatten(),
                new Linear(2)),
            training: true);
        var (stem, norm, main, shortcut) = (plan.Forward[0], plan.Forward[2], plan.Forward[3], plan.Forward[4]);

        Assert.Equal(["conv2d", "conv2d", "batch_norm2d", "conv2d", "conv2d", "linear"], Kinds(plan.Forward));
        Assert.Same(stem.Y, norm.Addend);
        Assert.Equal(Activation.Relu, norm.Activation);
        Assert.Same(main.Y, shortcut.Addend);

        // Both sides of a sum read its gradient where it lies; what the identity contributes is added by the first layer of the block.
        Assert.Equal(shortcut.Dy, main.Dy);
        Assert.Equal(norm.Dy, plan.Forward[1].DxAddend);
        Assert.Equal((Activation.Relu, stem.Y), plan.Forward[1].Previous);

        // x of the second block: the shortcut writes, the main side adds to it, and multiplies the derivative once.
        Assert.Equal(shortcut.Dx, main.DxAddend);
        Assert.Equal(shortcut.Dx, main.Dx);
        Assert.Equal(Activation.None, shortcut.Previous.Activation);
        Assert.Equal((Activation.Relu, norm.Y), main.Previous);
        Assert.Equal(["linear", "conv2d", "conv2d", "batch_norm2d", "conv2d", "conv2d"], Kinds(plan.Backward));
    }

    [Fact]
    public void Branches_write_where_their_concatenation_lies_and_find_their_gradients_there()
    {
        var plan = new NetworkPlan(
            new Model(
                new Shape(1, 3, 3),
                new Conv2d(2, 1),
                new Concat([], [new Conv2d(3, 1)]),
                new Concat([], [new Conv2d(4, 1)]),
                new AdaptiveAvgPool2d(1),
                new Flatten(),
                new Linear(2)),
            training: true);
        var convolutions = plan.Forward.Take(3).ToList();

        Assert.Equal(["conv2d", "conv2d", "conv2d", "adaptive_avg_pool2d", "linear"], Kinds(plan.Forward));
        var buffer = plan.PlaceOf(plan.Forward[3].X!).Buffer;
        Assert.Equal(
            [new Place(buffer, 0, 18), new Place(buffer, 18, 27), new Place(buffer, 45, 36)],
            convolutions.Select(convolution => plan.PlaceOf(convolution.Y!)));
        Assert.Equal(new Place(buffer, 0, 45), plan.PlaceOf(convolutions[2].X!));
        Assert.Equal(new PlannedBuffer(81, 0, 0, 9), plan.Buffers[buffer]);

        // The last convolution adds its dx to the part that its input has in the gradient of the whole, in place.
        var gradient = plan.Forward[3].Dx!.Value.Buffer;
        Assert.Equal(new Place(gradient, 45, 36), convolutions[2].Dy);
        Assert.Equal(new Place(gradient, 0, 45), convolutions[2].Dx);
        Assert.Equal(new Place(gradient, 0, 45), convolutions[2].DxAddend);
        Assert.Equal(new Place(gradient, 18, 27), convolutions[1].Dy);
        Assert.Equal(new Place(gradient, 0, 18), convolutions[1].Dx);
        Assert.Equal(new Place(gradient, 0, 18), convolutions[0].Dy);
    }

    [Fact]
    public void The_derivative_of_branches_that_all_end_alike_is_multiplied_once_for_their_concatenation()
    {
        var plan = new NetworkPlan(
            new Model(
                new Shape(1, 3, 3),
                new Concat([new Conv2d(2, 1), new ReLU()], [new Conv2d(3, 1), new ReLU()]),
                new Conv2d(1, 1),
                new Flatten()),
            training: true);

        Assert.Equal(Activation.Relu, plan.Forward[2].Previous.Activation);
        Assert.Equal(5 * 9, plan.Forward[2].Previous.Output!.Elements);
        Assert.Equal(["conv2d", "conv2d", "conv2d"], Kinds(plan.Backward));
    }

    [Fact]
    public void The_derivatives_of_branches_that_end_differently_are_multiplied_one_by_one()
    {
        var plan = new NetworkPlan(
            new Model(new Shape(1, 3, 3), new Concat([new Conv2d(2, 1), new ReLU()], [new Conv2d(3, 1)]), new Conv2d(1, 1), new Flatten()),
            training: true);

        Assert.Equal(Activation.None, plan.Forward[2].Previous.Activation);
        Assert.Equal(["conv2d", "conv2d", "sum", "conv2d"], Kinds(plan.Backward));
        Assert.Equal(Activation.Relu, plan.Backward[2].Previous.Activation);
        Assert.Equal(plan.Backward[2].Dy, plan.Backward[2].Dx);
    }

    [Fact]
    public void What_cannot_lie_in_a_concatenation_is_copied_there()
    {
        var plan = new NetworkPlan(new Model(new Shape(1, 3, 3), new Concat([], []), new Conv2d(1, 1), new Concat([], []), new Flatten()), training: true);

        Assert.Equal(["sum", "sum", "conv2d", "sum", "sum"], Kinds(plan.Forward));
        Assert.Equal(["sum", "conv2d"], Kinds(plan.Backward));
        Assert.Null(plan.Backward[1].Dx);
    }

    /// <summary>Sigmoid and relu are taken in; each side's gradient is an operation of its own, which reads the other side.</summary>
    [Fact]
    public void A_gate_and_what_it_multiplies_each_get_a_gradient()
    {
        var plan = new NetworkPlan(
            new Model(new Shape(1, 3, 3), new Multiply([new Conv2d(2, 1)], [new AdaptiveAvgPool2d(1), new Conv2d(2, 1), new Sigmoid()]), new ReLU(), new Flatten(), new Linear(2)),
            training: true);

        Assert.Equal(["conv2d", "adaptive_avg_pool2d", "conv2d", "product", "linear"], Kinds(plan.Forward));
        Assert.Equal(["linear", "product", "gate", "conv2d", "conv2d"], Kinds(plan.Backward));
        var (product, image, gate) = (plan.Forward[3], plan.Backward[1], plan.Backward[2]);
        Assert.Equal(Activation.Relu, product.Activation);
        Assert.Equal((product.Factor, product.X), (image.Factor, gate.X));
        Assert.Equal((image.Dy, 18L, 2L), (gate.Dy, image.Dx!.Value.Elements, gate.Dx!.Value.Elements));
        Assert.Equal((Activation.Sigmoid, product.Factor), gate.Previous);
    }

    /// <summary>x + x of one value: both sides contribute, and what is shared is not written over.</summary>
    [Fact]
    public void A_value_added_to_itself_gets_its_gradient_twice()
    {
        var plan = new NetworkPlan(new Model(new Shape(3), new Linear(3), new Residual(new Sequential()), new Linear(2)), training: true);

        Assert.Equal(["linear", "sum", "linear"], Kinds(plan.Forward));
        Assert.Equal(["linear", "sum", "linear"], Kinds(plan.Backward));
        Assert.Equal(plan.Backward[1].Dy, plan.Backward[1].DxAddend);
        Assert.NotEqual(plan.Backward[1].Dy, plan.Backward[1].Dx);
    }

    private static IEnumerable<string> Kinds(IEnumerable<Operation> operations) => operations.Select(operation => operation.Layer.Kind);
}
