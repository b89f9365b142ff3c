using System.Buffers.Binary;
using System.Globalization;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>The small part of a state, which travels before its chunks: little-endian words of 64 bits.</summary>
/// <remarks>
/// magic, version | elements and number of buffers | step, updates, samples, chain | sums of the open epoch | number of closed epochs, train and test sums of each
/// | number of counters, each | states that the average of the weights has taken in: it is the last buffer | number of evaluations within epochs, epoch, updates and sums
/// of each | batches that the average's running statistics were estimated from. Sums are five words. Of the last three parts zeros at the end are left out, but for the first of them
/// where there is an average: who knows fewer parts reads a state that has none of the others.
/// </remarks>
internal static class StateHeader
{
    /// <summary>Of the format, and of what a state consists of.</summary>
    public const ulong Version = 1;

    private const int ElementsAt = 2 * sizeof(ulong);
    private const ulong Magic = 0x6574617473727274; // "trrstate"

    public static byte[] Of(TrainingState state)
    {
        var progress = state.Progress;
        var words = new List<ulong>
        {
            Magic, Version, (ulong)state.Layout.Elements, (ulong)state.Buffers.Length, progress.Step, (ulong)progress.Updates, (ulong)progress.Samples, progress.Chain,
        };
        Add(words, progress.OpenEpoch);
        words.Add((ulong)progress.Epochs.Count);
        foreach (var epoch in progress.Epochs)
        {
            Add(words, epoch.Train);
            Add(words, epoch.Test);
        }

        words.Add((ulong)progress.BatchesBefore.Count);
        words.AddRange(progress.BatchesBefore.Select(batches => (ulong)batches));
        words.AddRange(Tail(progress, state.HasAverage));
        var header = new byte[words.Count * sizeof(ulong)];
        for (var i = 0; i < words.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(i * sizeof(ulong)), words[i]);
        }

        return header;
    }

    /// <param name="into">Of the same model and recipe.</param>
    /// <exception cref="CorruptStateException">It is no header, or of a state of another model or recipe.</exception>
    public static TrainingProgress Read(ReadOnlySpan<byte> header, TrainingState into) => Read(header, into.Layout, into, out _);

    /// <param name="model">That the state is to be of, whatever its recipe.</param>
    /// <param name="layout">That its buffers have: whether with a place for the weight of a loss is the recipe's.</param>
    /// <param name="buffers">That it has.</param>
    /// <exception cref="CorruptStateException">It is no header, or of a state of another model.</exception>
    public static TrainingProgress Read(ReadOnlySpan<byte> header, Model model, out ParameterLayout layout, out int buffers)
    {
        layout = ParameterLayout.Of(model, lossWeight: true);
        if (header.Length < ElementsAt + sizeof(ulong) || BinaryPrimitives.ReadUInt64LittleEndian(header[ElementsAt..]) != (ulong)layout.Elements)
        {
            layout = ParameterLayout.Of(model);
        }

        return Read(header, layout, null, out buffers);
    }

    private static TrainingProgress Read(ReadOnlySpan<byte> header, ParameterLayout layout, TrainingState? into, out int buffers)
    {
        var words = new Words(header);
        if (words.Next() != Magic)
        {
            throw new CorruptStateException("What should be the header of a state is none.");
        }

        if (words.Next() is var version && version != Version)
        {
            throw new CorruptStateException($"The header of a state has version {version}; this program reads version {Version}.");
        }

        var (elements, count) = (words.Next(), words.Next());
        if (elements != (ulong)layout.Elements || count is 0 or > int.MaxValue || into is not null && count != (ulong)into.Buffers.Length)
        {
            throw new CorruptStateException(
                $"The header is of a state of {count} buffers of {elements} elements; the model and its optimizer have {into?.Buffers.Length.ToString(CultureInfo.InvariantCulture) ?? "some"} of {layout.Elements}.");
        }

        buffers = (int)count;

        var progress = new TrainingProgress(words.Next(), (long)words.Next(), (long)words.Next(), default) { Chain = words.Next() };
        progress = progress with { OpenEpoch = words.NextSums() };
        var epochs = new EpochSums[words.NextCount()];
        for (var i = 0; i < epochs.Length; i++)
        {
            epochs[i] = new EpochSums(words.NextSums(), words.NextSums());
        }

        var counters = new long[words.NextCount()];
        for (var i = 0; i < counters.Length; i++)
        {
            counters[i] = (long)words.Next();
        }

        progress = progress with { Epochs = epochs, BatchesBefore = counters };
        var (end, hasAverage) = (words.Place, into?.HasAverage ?? words.HasMore);
        progress = progress with { Averaged = (long)(into?.HasAverage == true ? words.Next() : words.NextOrZero()) };
        progress = progress with { Evaluations = words.NextEvaluations(), Estimated = (long)words.NextOrZero() };
        if (progress.Averaged != 0 && !hasAverage)
        {
            throw new CorruptStateException("The header is of a state that has an average of the weights; the recipe has none.");
        }

        words.End(end + (Tail(progress, hasAverage).Count * sizeof(ulong)));
        return counters.Length == 0 || counters.Length == layout.Counters.Count
            ? progress
            : throw new CorruptStateException($"The header of a state has {counters.Length} counts of batches; the model has {layout.Counters.Count}.");
    }

    // What is after the counters.
    private static List<ulong> Tail(in TrainingProgress progress, bool hasAverage)
    {
        var words = new List<ulong> { (ulong)progress.Averaged, (ulong)progress.Evaluations.Count };
        foreach (var evaluation in progress.Evaluations)
        {
            words.Add((ulong)evaluation.Epoch);
            words.Add((ulong)evaluation.Updates);
            Add(words, evaluation.Test);
        }

        words.Add((ulong)progress.Estimated);
        var told = 1 + words.FindLastIndex(word => word != 0);
        return words[..Math.Max(told, hasAverage ? 1 : 0)];
    }

    private static void Add(List<ulong> words, in PassSums sums) => words.AddRange(
        BitConverter.DoubleToUInt64Bits(sums.Loss), BitConverter.DoubleToUInt64Bits(sums.Weight), (ulong)sums.Correct, (ulong)sums.Counted, (ulong)sums.Samples);

    private ref struct Words(ReadOnlySpan<byte> header)
    {
        private readonly ReadOnlySpan<byte> _header = header;
        private int _place;

        public readonly int Place => _place;

        public readonly bool HasMore => _place < _header.Length;

        public ulong Next()
        {
            if (_header.Length - _place < sizeof(ulong))
            {
                throw new CorruptStateException($"The header of a state ends after {_header.Length} bytes, within what it should have.");
            }

            var word = BinaryPrimitives.ReadUInt64LittleEndian(_header[_place..]);
            _place += sizeof(ulong);
            return word;
        }

        /// <summary>Of things that follow, which are at least a word each.</summary>
        public int NextCount() => Next() is var count && count <= (ulong)(_header.Length - _place) / sizeof(ulong)
            ? (int)count
            : throw new CorruptStateException($"The header of a state ends after {_header.Length} bytes, within what it should have.");

        public ulong NextOrZero() => HasMore ? Next() : 0;

        public StepEvaluation[] NextEvaluations()
        {
            var evaluations = new StepEvaluation[HasMore ? NextCount() : 0];
            for (var i = 0; i < evaluations.Length; i++)
            {
                evaluations[i] = new StepEvaluation((int)Next(), (long)Next(), NextSums());
            }

            return evaluations;
        }

        public PassSums NextSums() => new(
            BitConverter.UInt64BitsToDouble(Next()), BitConverter.UInt64BitsToDouble(Next()), (long)Next(), (long)Next(), (long)Next());

        public readonly void End(int place)
        {
            if (place != _header.Length)
            {
                throw new CorruptStateException($"The header of a state has {_header.Length} bytes; it should end after {place}.");
            }
        }
    }
}
