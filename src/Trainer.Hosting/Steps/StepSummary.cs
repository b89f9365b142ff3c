using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Steps;

/// <summary>
/// Beside a file of steps, <c>steps/NAME.csv</c>, the extremes of its numbers in runs of 16, 128 and 1024 steps, <c>steps/NAME.extremes</c>: what a curve needs of it, without reading it again. It may be missing, and
/// whoever has it may delete it. One that was made of another state of the file is as good as none.
/// </summary>
/// <remarks>
/// Little endian: five numbers of 64 bits (what it is, bytes of the file, its first step, its last, how many numbers a step has), then <see cref="Extremes"/> by width, the widest first, by number in the order of
/// <see cref="StepMetric.All"/>, and by run. Run k has the steps from k * width + 1 on; the first is that of the first step. It takes a sixth of its file's bytes.
/// </remarks>
internal sealed class StepSummary : IDisposable
{
    /// <summary>Curves in narrower stretches are made of the steps themselves.</summary>
    public const int NarrowestRun = 16;

    /// <summary>A file that is shorter is read as quickly.</summary>
    public const int LeastBytes = 1 << 18;

    /// <summary>The widest first; each is a multiple of the next.</summary>
    public static readonly IReadOnlyList<ulong> Widths = [1024, 128, NarrowestRun];

    private const ulong Mark = 0x3158_4550_4554_5354; // TSTEPEX1
    private const int HeadBytes = 5 * sizeof(ulong);

    private readonly ArtifactContent _content;
    private long _position = HeadBytes;

    private StepSummary(ArtifactContent content, ulong first, ulong last) => (_content, First, Last) = (content, first, last);

    /// <summary>Step.</summary>
    public ulong First { get; }

    /// <summary>Step.</summary>
    public ulong Last { get; }

    public static string KeyOf(string file) => Path.ChangeExtension(file, ".extremes");

    /// <summary>Null: there is none of the file as it is.</summary>
    /// <exception cref="IOException">The store.</exception>
    public static StepSummary? Open(IArtifactStore artifacts, ArtifactFile file)
    {
        if (artifacts.Open(KeyOf(file.Key)) is not { } content)
        {
            return null;
        }

        var head = new ulong[HeadBytes / sizeof(ulong)];
        var read = content.Stream.ReadAtLeast(MemoryMarshal.AsBytes(head.AsSpan()), HeadBytes, throwOnEndOfStream: false);
        if (read == HeadBytes && head is [Mark, var bytes, var first, var last, var metrics] && bytes == (ulong)file.Bytes && metrics == (ulong)StepMetric.All.Count
            && content.File.Bytes == BytesOf(first, last) && content.File.Modified >= file.Modified)
        {
            return new StepSummary(content, first, last);
        }

        content.Dispose();
        return null;
    }

    /// <summary>A summary as it is kept.</summary>
    /// <param name="bytes">Of the file.</param>
    /// <param name="levels">By width, the widest first, by number: the runs.</param>
    public static byte[] Write(long bytes, ulong first, ulong last, IEnumerable<IEnumerable<Extremes[]>> levels)
    {
        var summary = new byte[BytesOf(first, last)];
        ulong[] head = [Mark, (ulong)bytes, first, last, (ulong)StepMetric.All.Count];
        MemoryMarshal.AsBytes(head.AsSpan()).CopyTo(summary);
        var rest = MemoryMarshal.Cast<byte, Extremes>(summary.AsSpan(HeadBytes));
        foreach (var runs in levels.SelectMany(level => level))
        {
            runs.CopyTo(rest);
            rest = rest[runs.Length..];
        }

        return summary;
    }

    /// <summary>Passes on the extremes of a number, in the order of runs. Numbers are to be asked for in the order of <see cref="StepMetric.All"/>.</summary>
    /// <param name="run">The longest that may be passed on: a power of two, at least <see cref="NarrowestRun"/>.</param>
    /// <exception cref="IOException">The store.</exception>
    public void Read(StepMetric metric, ulong run, Action<Extremes> take)
    {
        var width = Widths.First(width => width <= run);
        var before = Widths.TakeWhile(wider => wider > width).Sum(wider => Runs(First, Last, wider) * StepMetric.All.Count);
        var (runs, size) = (Runs(First, Last, width), Unsafe.SizeOf<Extremes>());
        var buffer = ArrayPool<Extremes>.Shared.Rent(runs);
        try
        {
            SkipTo(HeadBytes + ((before + (PlaceOf(metric) * runs)) * size));
            _content.Stream.ReadExactly(MemoryMarshal.AsBytes(buffer.AsSpan(0, runs)));
            _position += runs * size;
            foreach (ref readonly var extremes in buffer.AsSpan(0, runs))
            {
                take(extremes);
            }
        }
        finally
        {
            ArrayPool<Extremes>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _content.Dispose();

    /// <summary>By which numbers are in order.</summary>
    internal static long PlaceOf(StepMetric metric) => StepMetric.All.TakeWhile(other => other != metric).Count();

    /// <summary>How many runs the steps of a file lie in.</summary>
    internal static int Runs(ulong first, ulong last, ulong width) => (int)(((last - 1) / width) - ((first - 1) / width) + 1);

    private static long BytesOf(ulong first, ulong last) => HeadBytes + (Widths.Sum(width => (long)Runs(first, last, width)) * StepMetric.All.Count * Unsafe.SizeOf<Extremes>());

    // A bucket's answer can only be read on.
    private void SkipTo(long position)
    {
        var bytes = position - _position;
        if (_content.Stream.CanSeek)
        {
            _content.Stream.Seek(bytes, SeekOrigin.Current);
        }
        else
        {
            for (var buffer = new byte[Math.Min(bytes, 1 << 16)]; bytes > 0;)
            {
                bytes -= _content.Stream.ReadAtLeast(buffer.AsSpan(0, (int)Math.Min(bytes, buffer.Length)), (int)Math.Min(bytes, buffer.Length));
            }
        }

        _position = position;
    }
}
