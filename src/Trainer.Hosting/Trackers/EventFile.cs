using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;

namespace Trainer.Hosting.Trackers;

/// <summary>A file of TensorBoard's events: a record for each, which is its length, its bytes, and a checksum behind either.</summary>
/// <remarks>
/// github.com/tensorflow/tensorflow: core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto; github.com/tensorflow/tensorboard: plugins/hparams/plugin_data.proto. The few messages are written
/// field by field, whose numbers stand below.
/// </remarks>
public sealed class EventFile : IDisposable
{
    private const uint MaskDelta = 0xa282ead8;
    private const int FloatType = 1; // DT_FLOAT of types.proto
    private const int StringType = 7; // DT_STRING
    private const int SessionStart = 1; // of SessionLog

    private readonly Stream _stream;

    public EventFile(Stream stream, DateTime time)
    {
        _stream = stream;
        Write(time, step: 0, @event => @event.WriteField(3, "brain.Event:2")); // file_version
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Points of curves at one step.</summary>
    public void Scalars(DateTime time, ulong step, params IEnumerable<(string Tag, double Value)> points) => Write(time, step, @event => @event.WriteField(5, summary =>
    {
        foreach (var (tag, value) in points)
        {
            summary.WriteField(1, content =>
            {
                content.WriteField(1, tag);
                content.WriteTag(2, WireFormat.WireType.Fixed32); // simple_value
                content.WriteFloat((float)value);
            });
        }
    }));

    /// <summary>A writer begins anew: what files before this one have from this step on counts no more.</summary>
    public void Start(DateTime time, ulong step) => Write(time, step, @event => @event.WriteField(7, session => session.WriteNumber(1, SessionStart))); // session_log

    /// <summary>Markdown.</summary>
    public void Text(string tag, DateTime time, ulong step, string text) => Summary(time, step, content =>
    {
        content.WriteField(1, $"{tag}/text_summary");
        content.WriteField(8, tensor =>
        {
            tensor.WriteNumber(1, StringType);
            tensor.WriteField(2, shape => shape.WriteField(2, dimension => dimension.WriteNumber(1, 1)));
            tensor.WriteField(8, text); // string_val
        });
        content.WriteField(9, metadata => Plugin(metadata, "text", content: null));
    });

    /// <summary>A picture.</summary>
    /// <param name="png">Of that height and width.</param>
    public void Image(string tag, DateTime time, ulong step, int height, int width, byte[] png) => Summary(time, step, content =>
    {
        content.WriteField(1, tag);
        content.WriteField(4, image =>
        {
            image.WriteNumber(1, height);
            image.WriteNumber(2, width);
            image.WriteNumber(3, 4); // colorspace: RGBA
            image.WriteField(4, png);
        });
    });

    /// <summary>What a run was asked for, for the table that compares runs.</summary>
    /// <param name="values">Numbers, truth values and texts.</param>
    public void Hyperparameters(DateTime time, IEnumerable<KeyValuePair<string, object>> values) => Hyperparameters(time, "_hparams_/session_start_info", 3, info =>
    {
        foreach (var (name, value) in values)
        {
            info.WriteField(1, entry =>
            {
                entry.WriteField(1, name);
                entry.WriteField(2, content => Value(content, value));
            });
        }

        info.WriteTag(5, WireFormat.WireType.Fixed64); // start_time_secs
        info.WriteDouble(Seconds(time));
    });

    /// <summary>How a run ended.</summary>
    public void HyperparametersEnd(DateTime time, EventStatus status) => Hyperparameters(time, "_hparams_/session_end_info", 4, info =>
    {
        info.WriteNumber(1, (int)status);
        info.WriteTag(2, WireFormat.WireType.Fixed64); // end_time_secs
        info.WriteDouble(Seconds(time));
    });

    private void Hyperparameters(DateTime time, string tag, int field, Action<CodedOutputStream> info) => Summary(time, step: 0, content =>
    {
        content.WriteField(1, tag);
        content.WriteField(8, tensor =>
        {
            tensor.WriteNumber(1, FloatType);
            tensor.WriteField(2, shape => shape.WriteField(2, dimension => dimension.WriteNumber(1, 0)));
        });
        content.WriteField(9, metadata => Plugin(metadata, "hparams", data => data.WriteField(field, info)));
    });

    private static void Plugin(CodedOutputStream metadata, string name, Action<CodedOutputStream>? content) => metadata.WriteField(1, plugin =>
    {
        plugin.WriteField(1, name);
        if (content is not null)
        {
            plugin.WriteField(2, content);
        }
    });

    // google.protobuf.Value
    private static void Value(CodedOutputStream output, object value)
    {
        switch (value)
        {
            case double number:
                output.WriteTag(2, WireFormat.WireType.Fixed64);
                output.WriteDouble(number);
                break;
            case bool flag:
                output.WriteNumber(4, flag ? 1 : 0);
                break;
            default:
                output.WriteField(3, $"{value}");
                break;
        }
    }

    private void Summary(DateTime time, ulong step, Action<CodedOutputStream> value) => Write(time, step, @event => @event.WriteField(5, summary => summary.WriteField(1, value)));

    private void Write(DateTime time, ulong step, Action<CodedOutputStream> content)
    {
        var bytes = Fields.Bytes(@event =>
        {
            @event.WriteTag(1, WireFormat.WireType.Fixed64); // wall_time
            @event.WriteDouble(Seconds(time));
            if (step != 0)
            {
                @event.WriteNumber(2, (long)step);
            }

            content(@event);
        });
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)bytes.Length);
        WriteSummed(length);
        WriteSummed(bytes);
    }

    private void WriteSummed(ReadOnlySpan<byte> bytes)
    {
        Span<byte> sum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(sum, Masked(bytes));
        _stream.Write(bytes);
        _stream.Write(sum);
    }

    private static double Seconds(DateTime time) => (time - DateTime.UnixEpoch).TotalSeconds;

    // Turned, and with something added: a sum of sums would be a poor one.
    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var value in bytes)
        {
            sum = BitOperations.Crc32C(sum, value);
        }

        return BitOperations.RotateRight(~sum, 15) + MaskDelta;
    }
}

/// <summary>tensorboard.hparams.Status</summary>
public enum EventStatus
{
    Success = 1,
    Failure = 2,
    Running = 3,
}
