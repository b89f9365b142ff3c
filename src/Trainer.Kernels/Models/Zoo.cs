namespace Trainer.Kernels.Models;

/// <summary>The networks that a job file may ask for by name.</summary>
public static class Zoo
{
    public static IReadOnlyList<string> Names => throw new NotImplementedException();

    /// <summary>LeNet as in Dive into Deep Learning, 7.6: sigmoids, average pooling, Xavier-uniform weights; 61,706 parameters for (1,28,28) and 10 classes.</summary>
    public static Model LeNet(Shape? input = null, int classes = 10) => throw new NotImplementedException();

    /// <exception cref="ModelException">No such network (path <c>zoo</c>), or it does not fit the input.</exception>
    public static Model Create(string name, Shape input, int classes) => throw new NotImplementedException();
}
