using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <summary>What runs in a network's passes, in order, and the places that it works on.</summary>
internal sealed class NetworkPasses
{
    private readonly Operation[] _forward;
    private readonly LayerContext[] _forwardContexts;
    private readonly Operation[] _backward;
    private readonly LayerContext[] _backwardContexts;
    private readonly LayerContext[] _contexts;
    private IBatchExchange? _exchange;

    public NetworkPasses(NetworkPlan plan, Func<Operation, LayerContext> bind)
    {
        var contexts = plan.Forward.Concat(plan.Backward).Distinct().ToDictionary(operation => operation, bind);
        (_forward, _backward, _contexts) = ([.. plan.Forward], [.. plan.Backward], [.. contexts.Values]);
        _forwardContexts = [.. _forward.Select(operation => contexts[operation])];
        _backwardContexts = [.. _backward.Select(operation => contexts[operation])];
    }

    /// <summary>Told after each operation of a pass, whether it was backward: for those who measure.</summary>
    public Action<Operation, bool>? OperationDone { get; set; }

    /// <summary>Told before each operation of a pass.</summary>
    public Action? Progressing { get; set; }

    /// <summary>Looked at before each operation; cancelled, it ends the pass.</summary>
    public CancellationToken Interruption { get; set; }

    /// <summary>Of batch norm groups that other members share.</summary>
    public IBatchExchange? Exchange
    {
        get => _exchange;
        set
        {
            _exchange = value;
            foreach (var context in _contexts)
            {
                context.Exchange = value;
            }
        }
    }

    public int ForwardCount => _forward.Length;

    public int BackwardCount => _backward.Length;

    /// <summary>The next pass trains.</summary>
    /// <param name="state">Which of the two states it reads.</param>
    /// <param name="firstBuffer">The gradient buffer of the slice's first root.</param>
    public void Train(int state, BatchSlice slice, int firstBuffer, ulong seed, ulong step)
    {
        foreach (var context in _contexts)
        {
            context.Train(state, slice, firstBuffer, seed, step);
        }
    }

    /// <summary>The next pass evaluates.</summary>
    public void Evaluate(int state, int samples)
    {
        foreach (var context in _forwardContexts)
        {
            context.Evaluate(state, samples);
        }
    }

    /// <returns>What ran.</returns>
    public (Operation Operation, LayerContext Context) Forward(int index)
    {
        Interruption.ThrowIfCancellationRequested();
        Progressing?.Invoke();
        _forward[index].Layer.Forward(_forwardContexts[index]);
        OperationDone?.Invoke(_forward[index], false);
        return (_forward[index], _forwardContexts[index]);
    }

    public void Backward(int index)
    {
        Interruption.ThrowIfCancellationRequested();
        Progressing?.Invoke();
        _backward[index].Layer.Backward(_backwardContexts[index]);
        OperationDone?.Invoke(_backward[index], true);
    }
}
