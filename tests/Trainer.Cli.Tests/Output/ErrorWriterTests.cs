using Trainer.Cli.Errors;
using Trainer.Cli.Output;

namespace Trainer.Cli.Tests.Output;

public sealed class ErrorWriterTests
{
    [Fact]
    public void A_fault_that_is_the_message_is_told_once_to_people_and_as_such_to_scripts()
    {
        var wrong = new CliException("page_size: must be 0 to 1000, got 7000", ExitCode.Usage) { Violations = [new Violation("page_size", "must be 0 to 1000, got 7000")] };

        Assert.Equal("page_size: must be 0 to 1000, got 7000\n", Write(wrong, json: false));
        Assert.Contains("\"field\":\"page_size\"", Write(wrong, json: true), StringComparison.Ordinal);
    }

    private static string Write(CliException wrong, bool json)
    {
        var written = new StringWriter();
        Assert.Equal(ExitCode.Usage, new ErrorWriter(written, json, width: null).Write(wrong));
        return written.ToString();
    }
}
