using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Hosting.Trackers;

/// <summary>A committed step, or an evaluation behind one.</summary>
/// <param name="Step">Null: it is the evaluation.</param>
/// <param name="Evaluation">Null: it is the step.</param>
/// <param name="Time">When it was committed.</param>
public readonly record struct RunEvent(StepRecord? Step, StepEvaluation? Evaluation, DateTime Time)
{
    /// <summary>Its place among all: a step is before the evaluation behind it.</summary>
    public ulong Number => Step is { } step ? NumberOf(step.Step, isEvaluation: false) : NumberOf(Evaluation!.Step, isEvaluation: true);

    public static ulong NumberOf(ulong step, bool isEvaluation) => (2 * step) + (isEvaluation ? 1ul : 0);
}

/// <summary>
/// Appends what one generation of a job came to to TensorBoard's files beside its artifacts, <c>tensorboard/events.out.tfevents.CREATED.TERM.NUMBER.PART</c>. TensorBoard reads the files of a folder in the order of their
/// names: each begins with the step from which on it counts in place of those before.
/// </summary>
/// <param name="artifacts">The job's.</param>
/// <param name="term">Of the generation, as <paramref name="number"/> is.</param>
public sealed class EventLog(IArtifactStore artifacts, JobSpec spec, ulong term, ulong number) : IRecordLog<RunEvent>
{
    /// <summary>A megabyte or some: a bucket takes a whole file each time.</summary>
    public const int MostEvents = 4096;

    private const string Folder = "tensorboard";

    private IArtifactLog? _log;
    private int _part;
    private int _events;

    public TimeSpan AppendInterval => artifacts.AppendInterval;

    public void Append(IReadOnlyCollection<RunEvent> records)
    {
        if (records.Count == 0)
        {
            return;
        }

        using var bytes = new MemoryStream();
        var first = records.First();
        var isNew = _log is null || _events >= MostEvents;
        if (isNew)
        {
            (_log, _events) = (artifacts.OpenLog(KeyOf(++_part)), 0);
        }

        using (var file = new EventFile(bytes, first.Time))
        {
            // The version alone begins a file: what is appended has it left out.
            if (_events > 0)
            {
                bytes.SetLength(0);
            }
            else if (_part == 1)
            {
                Begin(file, first);
            }

            foreach (var record in records)
            {
                Write(file, record);
            }
        }

        _log!.Append(bytes.ToArray());
        _events += records.Count;
    }

    public ulong LastRecorded() => artifacts.List(Folder) is [.., var last] ? LastOf(artifacts.Get(last.Key) ?? []) : 0;

    private static void Write(EventFile file, RunEvent record)
    {
        if (record.Step is { } step)
        {
            file.Step(step);
        }

        if (record.Evaluation is { } evaluation)
        {
            file.Evaluation(record.Time, evaluation.Step, evaluation.TestLoss, evaluation.TestAccuracy);
        }
    }

    // An evaluation belongs to a step that others have written.
    private void Begin(EventFile file, RunEvent first)
    {
        var step = (first.Number + 1) / 2;
        file.Start(first.Time, step);
        if (step <= 1)
        {
            file.Config(first.Time, spec);
        }
    }

    private string KeyOf(int part) => string.Create(CultureInfo.InvariantCulture, $"{Folder}/events.out.tfevents.{term:D10}.{number:D10}.{part:D6}");

    /// <summary>The last event that is whole.</summary>
    private static ulong LastOf(byte[] file)
    {
        var last = 0ul;
        for (var at = 0; at + 12 < file.Length;)
        {
            var length = BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            if (length > (ulong)(file.Length - at - 16))
            {
                break;
            }

            last = Math.Max(last, NumberOf(file.AsSpan(at + 12, (int)length).ToArray()));
            at += 16 + (int)length;
        }

        return last;
    }

    // 0: it is no point of a curve.
    private static ulong NumberOf(byte[] @event)
    {
        var (step, tag) = (0ul, "");
        using var input = new CodedInputStream(@event);
        while (input.ReadTag() is var field and not 0)
        {
            switch (WireFormat.GetTagFieldNumber(field))
            {
                case 2:
                    step = (ulong)input.ReadInt64();
                    break;
                case 5:
                    tag = FirstTag(input.ReadBytes());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return tag.Length > 0 ? RunEvent.NumberOf(step, tag == RunEvents.TestLoss) : 0;
    }

    // Of the first value of a summary.
    private static string FirstTag(ByteString summary)
    {
        using var values = summary.CreateCodedInput();
        if (values.ReadTag() == 0)
        {
            return "";
        }

        using var value = values.ReadBytes().CreateCodedInput();
        return value.ReadTag() == 0 ? "" : value.ReadString();
    }
}
