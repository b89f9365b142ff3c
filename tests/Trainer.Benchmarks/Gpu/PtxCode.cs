using System.Text.RegularExpressions;

namespace Trainer.Benchmarks.Gpu;

/// <summary>The instructions of a kernel in PTX, as far as estimates need them: what each writes and reads, and where it may go next.</summary>
internal sealed partial class PtxCode
{
    private readonly List<Instruction> _instructions = [];

    /// <param name="ptx">A module; of its functions the entry is read.</param>
    public PtxCode(string ptx)
    {
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        var body = ptx[ptx.IndexOf(".entry", StringComparison.Ordinal)..];
        foreach (var line in body.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0))
        {
            if (Label().Match(line) is { Success: true } label)
            {
                labels[label.Groups["name"].Value] = _instructions.Count;
            }
            else if (line.EndsWith(';') && !line.StartsWith('.'))
            {
                _instructions.Add(Instruction.Read(line));
            }
        }

        for (var i = 0; i < _instructions.Count; i++)
        {
            _instructions[i] = _instructions[i] with { Target = _instructions[i].Label is { } name ? labels[name] : -1 };
        }

        SharedBytes = Shared().Matches(ptx).Sum(match => int.Parse(match.Groups["bytes"].Value, System.Globalization.CultureInfo.InvariantCulture));
    }

    public int SharedBytes { get; }

    /// <summary>
    /// The most 32-bit registers that hold something at once: what an allocator without spills and copies needs at least. Backward data flow to a fixed point (A. Aho
    /// et al., Compilers, 2nd edition, section 9.2.5).
    /// </summary>
    public int LiveRegisters()
    {
        var live = new HashSet<string>?[_instructions.Count + 1];
        live[^1] = [];
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = _instructions.Count - 1; i >= 0; i--)
            {
                var before = new HashSet<string>(Next(i).SelectMany(next => live[next] ?? []), StringComparer.Ordinal);
                before.ExceptWith(_instructions[i].IsConditional ? [] : _instructions[i].Writes);
                before.UnionWith(_instructions[i].Reads);
                if (live[i] is not { } known || known.Count != before.Count)
                {
                    (live[i], changed) = (before, true);
                }
            }
        }

        return live.Max(registers => registers!.Sum(Words));
    }

    /// <summary>Operations of the loop that multiplies most and holds no other loop, without the copies that register allocation removes.</summary>
    public IReadOnlyList<string> InnerLoop()
    {
        var loops = Enumerable.Range(0, _instructions.Count)
            .Where(i => _instructions[i].Target >= 0 && _instructions[i].Target <= i)
            .Select(i => _instructions.GetRange(_instructions[i].Target, i - _instructions[i].Target + 1).Select(instruction => instruction.Operation).ToList());
        return loops
            .Where(loop => loop.Exists(Multiplies))
            .OrderByDescending(loop => loop.Count(Multiplies) / (double)loop.Count)
            .Select(loop => loop.Where(operation => !operation.StartsWith("mov", StringComparison.Ordinal)).ToList())
            .FirstOrDefault() ?? [];
    }

    public static bool Multiplies(string operation) =>
        operation.StartsWith("fma", StringComparison.Ordinal) || operation.StartsWith("mma", StringComparison.Ordinal);

    private static int Words(string register) => register.StartsWith("%rd", StringComparison.Ordinal) || register.StartsWith("%fd", StringComparison.Ordinal) ? 2
        : register.StartsWith("%p", StringComparison.Ordinal) ? 0
        : 1;

    private IEnumerable<int> Next(int i)
    {
        var instruction = _instructions[i];
        if (instruction.Target >= 0)
        {
            yield return instruction.Target;
        }

        if (instruction.Operation != "ret" && (instruction.Target < 0 || instruction.IsConditional))
        {
            yield return i + 1;
        }
    }

    [GeneratedRegex(@"^(?<name>\w+):$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();

    [GeneratedRegex(@"\.shared[^;\[]*\[(?<bytes>\d+)\]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Shared();

    [GeneratedRegex(@"%(rd|fd|rs|r|f|p)\d+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Registers();

    /// <param name="Label">Of a branch.</param>
    /// <param name="Target">Its instruction; -1 where there is none.</param>
    private sealed record Instruction(string Operation, bool IsConditional, IReadOnlyList<string> Writes, IReadOnlyList<string> Reads, string? Label, int Target = -1)
    {
        public static Instruction Read(string line)
        {
            var text = line.TrimEnd(';');
            var isConditional = text.StartsWith('@');
            string[] predicate = isConditional ? [Registers().Match(text).Value] : [];
            text = isConditional ? text[(text.IndexOf(' ') + 1)..].TrimStart() : text;
            var operation = text.Split([' ', '\t'], 2)[0];
            var operands = text[operation.Length..];
            if (operation.StartsWith("bra", StringComparison.Ordinal))
            {
                return new Instruction(operation, isConditional, [], predicate, operands.Trim());
            }

            var registers = Registers().Matches(operands).Select(match => match.Value).ToList();
            var writes = operation.Split('.')[0] is "st" or "bar" or "ret" or "call" || registers.Count == 0 ? 0
                : operands.TrimStart().StartsWith('{') ? Registers().Count(operands[..operands.IndexOf('}', StringComparison.Ordinal)])
                : 1;
            return new Instruction(operation, isConditional, registers[..writes], [.. predicate, .. registers[writes..]], null);
        }
    }
}
