using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Trainer.Hosting.Logging;

namespace Trainer.Hosting.Tests.Logging;

public sealed class LineFormatterTests
{
    [Fact]
    public void A_line_of_text_has_date_level_category_and_message() =>
        Assert.Equal("2026-11-28T21:03:04.005Z warn  Trainer.Node: two lines\n", Write(LogFormat.Text, LogLevel.Warning, "two\nlines"));

    [Fact]
    public void An_exception_stays_in_the_line()
    {
        var text = Write(LogFormat.Text, LogLevel.Error, "it broke", new InvalidOperationException("why\nso"));

        Assert.StartsWith("2026-11-28T21:03:04.005Z error Trainer.Node: it broke System.InvalidOperationException: why so", text);
        Assert.Equal(1, text.Count(c => c == '\n'));
    }

    [Fact]
    public void A_line_of_json_is_one_object_with_the_same_in_it()
    {
        var text = Write(LogFormat.Json, LogLevel.Critical, "'two'\nlines", new InvalidOperationException("why"));

        var line = JsonDocument.Parse(text).RootElement;
        Assert.Equal(["time", "level", "category", "message", "exception"], line.EnumerateObject().Select(property => property.Name));
        Assert.Equal("2026-11-28T21:03:04.005Z", line.GetProperty("time").GetString());
        Assert.Equal("error", line.GetProperty("level").GetString());
        Assert.Equal("'two'\nlines", line.GetProperty("message").GetString());
        Assert.Equal(1, text.Count(c => c == '\n'));
    }

    private static string Write(LogFormat format, LogLevel level, string message, Exception? exception = null)
    {
        using var text = new StringWriter();
        var formatter = new LineFormatter(Options.Create(new LineFormatterOptions { Format = format }), new Noon());
        formatter.Write(new LogEntry<string>(level, "Trainer.Node", default, message, exception, (state, _) => state), null, text);
        return text.ToString();
    }

    private sealed class Noon : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 28, 21, 3, 4, 5, TimeSpan.Zero);
    }
}
