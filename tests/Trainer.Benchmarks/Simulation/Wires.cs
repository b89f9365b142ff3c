namespace Trainer.Benchmarks.Simulation;

/// <summary>A part of a chunk, or a total of one, on its way.</summary>
/// <param name="Stage">How far its chunk has come: <see cref="Ready"/>, and from 0 on the exchange's own numbers.</param>
internal readonly record struct Message(int From, int To, int Chunk, int Stage, long Bytes)
{
    /// <summary>Backward has just completed the worker's own part.</summary>
    public const int Ready = -1;
}

/// <summary>
/// Discrete events: messages between workers whose interfaces send and receive one byte after another, in the order in which they come, and whose link threads take
/// time for each. The switch between them is never the bottleneck.
/// </summary>
/// <remarks>
/// A message: link threads of the sender, its interface (bytes / rate), latency, the receiver's interface, which begins with the first byte, the receiver's link threads.
/// </remarks>
internal sealed class Wires(StepModel model, int workers)
{
    private readonly PriorityQueue<(Message Message, bool IsArriving), (double Time, long Number)> _events = new();
    private readonly double[] _sending = new double[workers];
    private readonly double[] _receiving = new double[workers];
    private readonly double[] _computing = new double[workers];
    private long _number;

    public double Now { get; private set; }

    /// <summary>Delivers at that time, without a way.</summary>
    public void Post(in Message message, double at) => Add(at, message, isArriving: false);

    /// <summary>Leaves now.</summary>
    public void Send(in Message message)
    {
        var leaves = Math.Max(Now + LinkTime(message), Compute(message.From, message, Now));
        var start = Math.Max(leaves, _sending[message.From]);
        _sending[message.From] = start + (message.Bytes / model.BytesPerSecond);
        Add(start + model.LatencySeconds, message, isArriving: true);
    }

    /// <summary>Until nothing is on its way.</summary>
    /// <param name="deliver">Takes a message that is there.</param>
    public void Run(Action<Message> deliver)
    {
        while (_events.TryDequeue(out var next, out var moment))
        {
            Now = moment.Time;
            if (next.IsArriving)
            {
                Receive(next.Message);
            }
            else
            {
                deliver(next.Message);
            }
        }
    }

    private void Receive(in Message message)
    {
        var there = Math.Max(Now, _receiving[message.To]) + (message.Bytes / model.BytesPerSecond);
        _receiving[message.To] = there;
        Add(Math.Max(there + LinkTime(message), Compute(message.To, message, there)), message, isArriving: false);
    }

    private double LinkTime(in Message message) => model.SecondsPerMessage + (message.Bytes * model.SecondsPerByte);

    /// <summary>When the link threads have done their part, all together: each message keeps one of them busy, and enough messages all.</summary>
    private double Compute(int worker, in Message message, double from) =>
        _computing[worker] = Math.Max(from, _computing[worker]) + (LinkTime(message) / model.LinkThreads);

    private void Add(double time, in Message message, bool isArriving) => _events.Enqueue((message, isArriving), (time, _number++));
}
