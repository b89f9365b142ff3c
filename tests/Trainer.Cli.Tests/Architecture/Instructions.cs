using System.Reflection.Emit;
using System.Reflection.Metadata;

namespace Trainer.Cli.Tests.Architecture;

/// <summary>Compiled code, read instruction by instruction.</summary>
internal static class Instructions
{
    private static readonly Dictionary<int, OpCode> Codes = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value & 0xFFFF);

    /// <summary>The metadata tokens that instructions have as operands: types, methods, fields.</summary>
    public static IEnumerable<int> TokensIn(BlobReader code)
    {
        var tokens = new List<int>();
        while (code.RemainingBytes > 0)
        {
            var first = code.ReadByte();
            var operand = Codes[first == 0xFE ? 0xFE00 | code.ReadByte() : first].OperandType;
            if (operand is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                tokens.Add(code.ReadInt32());
            }
            else
            {
                Skip(ref code, operand);
            }
        }

        return tokens;
    }

    private static void Skip(ref BlobReader code, OperandType operand)
    {
        var bytes = operand switch
        {
            OperandType.InlineNone => 0,
            OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
            OperandType.InlineVar => 2,
            OperandType.InlineBrTarget or OperandType.InlineI or OperandType.InlineSig or OperandType.InlineString or OperandType.ShortInlineR => 4,
            OperandType.InlineI8 or OperandType.InlineR => 8,
            OperandType.InlineSwitch => sizeof(int) * code.ReadInt32(),
            _ => throw new InvalidOperationException($"An operand of kind {operand}."),
        };
        code.Offset += bytes;
    }
}
