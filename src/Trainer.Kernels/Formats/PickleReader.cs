using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Trainer.Kernels.Formats;

/// <summary>A name that a pickle gives: a class or a function of Python's, which nobody looks for.</summary>
internal sealed record PickledName(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>A dict of Python's, in its order.</summary>
internal sealed class PickledDict
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];
}

/// <summary>A pickle that is damaged, or asks for more than tensors need.</summary>
internal sealed class PickleException(string problem) : Exception(problem);

/// <summary>
/// Reads what Python's pickle module wrote (docs.python.org/3/library/pickletools.html), protocols 0 to 5, as far as files of tensors need it. Nothing is executed: names are data, and what is called
/// is done by <paramref name="call"/>, which knows the few calls that make tensors.
/// </summary>
/// <remarks>
/// Every length is checked against the file before anything is allocated, and each operation puts one value at most onto the stack, so memory is bounded by the file's size. Values may hold
/// themselves, as Python's may: whoever looks at them goes no deeper than he means to.
/// </remarks>
/// <param name="stream">At the pickle's first byte; afterwards behind its last.</param>
/// <param name="call">A name and its arguments, to the value; throws <see cref="PickleException"/> for names that it does not know.</param>
/// <param name="persistent">What a persistent id stands for.</param>
internal sealed class PickleReader(Stream stream, Func<PickledName, object?[], object?> call, Func<object?, object?> persistent)
{
    private const int Mark = -1;

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];

    /// <exception cref="PickleException">With the offset.</exception>
    public object? Read()
    {
        var at = stream.Position;
        try
        {
            while (true)
            {
                at = stream.Position;
                var operation = (char)ReadByte();
                if (operation == '.')
                {
                    return Pop();
                }

                Carry(operation);
            }
        }
        catch (Exception odd) when (odd is PickleException or OverflowException or DecoderFallbackException or FormatException)
        {
            throw new PickleException($"at offset {at} of its pickle {odd.Message}");
        }
    }

    private void Carry(char operation)
    {
        switch (operation)
        {
            case '\x80' or '\x95': // PROTO, FRAME: nothing that a reader needs.
                Bytes(operation == '\x80' ? 1 : 8);
                break;
            case '(':
                _marks.Add(_stack.Count);
                break;
            case '0':
                Pop();
                break;
            case '1':
                PopMark();
                break;
            case 'q' or 'r' or 'p' or '\x94':
                _memo[operation == '\x94' ? _memo.Count : Index(operation)] = Top();
                break;
            case 'h' or 'j' or 'g':
                var index = Index(operation);
                Push(_memo.TryGetValue(index, out var kept) ? kept : throw new PickleException($"value {index} is wanted, which was not kept"));
                break;
            case ']' or 'l':
                Push(new List<object?>(operation == 'l' ? PopMark() : []));
                break;
            case '}' or 'd':
                var dict = new PickledDict();
                AddPairs(dict, operation == 'd' ? PopMark() : []);
                Push(dict);
                break;
            case ')' or 't' or '\x85' or '\x86' or '\x87':
                Push(operation == ')' ? [] : operation == 't' ? PopMark() : PopMany(operation - '\x84'));
                break;
            case 'a' or 'e':
                var items = operation == 'a' ? PopMany(1) : PopMark();
                As<List<object?>>(Top(), "a list").AddRange(items);
                break;
            case 's' or 'u':
                var pairs = operation == 's' ? PopMany(2) : PopMark();
                AddPairs(As<PickledDict>(Top(), "a dict"), pairs);
                break;
            case 'c':
                Push(new PickledName(Line(), Line()));
                break;
            case '\x93':
                var names = PopMany(2);
                Push(new PickledName(As<string>(names[0], "a module's name"), As<string>(names[1], "a name")));
                break;
            case 'R' or '\x81':
                var called = PopMany(2);
                Push(call(As<PickledName>(called[0], "a name to call"), As<object?[]>(called[1], "a tuple of arguments")));
                break;
            case 'b':
                Pop(); // A state beside its dict: torch keeps versions there.
                _ = As<PickledDict>(Top(), "a dict to give a state to");
                break;
            case 'Q':
                Push(persistent(Pop()));
                break;
            default:
                Push(Scalar(operation));
                break;
        }
    }

    private object? Scalar(char operation) => operation switch
    {
        'N' => null,
        '\x88' => true,
        '\x89' => false,
        'K' => (long)ReadByte(),
        'M' => (long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2)),
        'J' => (long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4)),
        '\x8a' => Whole(new BigInteger(Bytes(ReadByte()))),
        'G' => BinaryPrimitives.ReadDoubleBigEndian(Bytes(8)),
        'X' or 'T' => Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))),
        '\x8c' or 'U' => Text(ReadByte()),
        '\x8d' => Text(checked((long)BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8)))),
        'C' => Bytes(ReadByte()),
        'B' => Bytes(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))),
        _ => throw new PickleException($"is the operation 0x{(int)operation:x2}, which files of tensors do not need"),
    };

    /// <summary>One that fits into 64 bits as such; legacy files begin with one that does not.</summary>
    private static object Whole(BigInteger number) => number >= long.MinValue && number <= long.MaxValue ? (long)number : number;

    private static void AddPairs(PickledDict dict, object?[] pairs)
    {
        for (var i = 0; i + 1 < pairs.Length; i += 2)
        {
            dict.Items.Add(new(pairs[i], pairs[i + 1]));
        }
    }

    private long Index(char operation) => operation switch
    {
        'q' or 'h' => ReadByte(),
        'r' or 'j' => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)),
        _ => long.Parse(Line(), System.Globalization.CultureInfo.InvariantCulture),
    };

    private void Push(object? value) => _stack.Add(value);

    private object? Pop() => PopMany(1)[0];

    private object? Top() => _stack.Count > (_marks.Count > 0 ? _marks[^1] : 0) ? _stack[^1] : throw new PickleException("wants a value that is not there");

    private object?[] PopMany(int count)
    {
        var floor = _marks.Count > 0 ? _marks[^1] : 0;
        if (_stack.Count - floor < count)
        {
            throw new PickleException("wants a value that is not there");
        }

        var first = _stack.Count - count;
        object?[] values = [.. _stack.Skip(first)];
        _stack.RemoveRange(first, count);
        return values;
    }

    private object?[] PopMark()
    {
        var mark = _marks.Count > 0 ? _marks[^1] : Mark;
        if (mark == Mark)
        {
            throw new PickleException("wants a mark that is not there");
        }

        var values = PopMany(_stack.Count - mark);
        _marks.RemoveAt(_marks.Count - 1);
        return values;
    }

    private static T As<T>(object? value, string expected)
        where T : class => value as T ?? throw new PickleException($"expects {expected}, and finds {value?.GetType().Name ?? "None"}");

    private int ReadByte() => stream.ReadByte() is >= 0 and var value ? value : throw new PickleException("the file ends");

    private byte[] Bytes(long count)
    {
        if (count > stream.Length - stream.Position || count > Array.MaxLength)
        {
            throw new PickleException($"{count} bytes are to follow, and the file has {stream.Length - stream.Position}");
        }

        var bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private string Text(long count) => Encoding.UTF8.GetString(Bytes(count));

    private string Line()
    {
        var line = new StringBuilder();
        for (var next = ReadByte(); next != '\n'; next = ReadByte())
        {
            line.Append((char)next);
        }

        return line.ToString();
    }
}
