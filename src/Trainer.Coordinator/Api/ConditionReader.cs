using System.Text;

namespace Trainer.Coordinator.Api;

/// <summary>Reads conditions of a filter, FIELD SIGN VALUE, with AND between them: what the languages of filters have in common.</summary>
/// <param name="fault">What is wrong, and before which character.</param>
internal sealed class ConditionReader(string text, Func<string, int, Exception> fault)
{
    private static readonly string[] Signs = ["<=", ">=", "!=", "=", "<", ">"];

    private int _at;

    /// <summary>Behind blanks.</summary>
    public bool AtEnd
    {
        get
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            {
                _at++;
            }

            return _at == text.Length;
        }
    }

    public Exception Fault(string problem) => fault(problem, _at);

    /// <summary>Whether one of these characters comes next, behind blanks.</summary>
    public bool IsNext(string characters) => !AtEnd && characters.Contains(text[_at], StringComparison.Ordinal);

    /// <summary>Letters, digits and _ . - / : +</summary>
    public string Word(string expected)
    {
        _ = AtEnd; // Passes over blanks.
        var begin = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '.' or '-' or '/' or ':' or '+'))
        {
            _at++;
        }

        return _at > begin ? text[begin.._at] : throw Fault($"expected {expected}, got {(AtEnd ? "the end" : $"'{text[_at]}'")}");
    }

    /// <summary>What stands between the quotation mark that comes next and another one.</summary>
    /// <param name="hasEscapes">Whether \ takes what is behind it as it is.</param>
    public string Quoted(bool hasEscapes)
    {
        var (quote, value) = (text[_at++], new StringBuilder());
        for (; _at < text.Length; _at++)
        {
            if (text[_at] == quote)
            {
                _at++;
                return value.ToString();
            }

            _at += hasEscapes && text[_at] == '\\' && _at + 1 < text.Length ? 1 : 0;
            value.Append(text[_at]);
        }

        throw Fault("a quotation mark is not closed");
    }

    /// <param name="more">Of the error: what else is not there.</param>
    public string Sign(string field, string more = "")
    {
        var rest = AtEnd ? "" : text[_at..];
        var sign = Array.Find(Signs, sign => rest.StartsWith(sign, StringComparison.Ordinal)) ?? throw Fault($"expected =, !=, <, <=, > or >= behind '{field}'{more}");
        _at += sign.Length;
        return sign;
    }

    /// <summary>Behind a condition: nothing, or AND and another one.</summary>
    public void And(StringComparison letters)
    {
        if (AtEnd)
        {
            return;
        }

        var and = Word("AND");
        if (!and.Equals("AND", letters))
        {
            throw Fault($"expected AND between conditions, got '{and}'; OR, NOT and parentheses are not supported");
        }

        if (AtEnd)
        {
            throw Fault("expected a condition behind AND");
        }
    }
}
