namespace Trainer.Kernels.Data;

/// <summary>The picture that transforms work on, and room beside it: memory of one thread, which is used again for every sample.</summary>
public sealed class PictureWork
{
    private readonly Dictionary<Type, object> _tools = [];

    public Picture Picture { get; private set; } = new();

    /// <summary>Where the next picture is made.</summary>
    public Picture Spare { get; private set; } = new();

    /// <summary>What was made is the picture now.</summary>
    public void Swap() => (Picture, Spare) = (Spare, Picture);

    /// <summary>What a transform keeps from one sample to the next, such as tables.</summary>
    public T Tool<T>()
        where T : class, new()
    {
        if (!_tools.TryGetValue(typeof(T), out var tool))
        {
            _tools[typeof(T)] = tool = new T();
        }

        return (T)tool;
    }
}
