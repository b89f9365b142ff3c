using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Logging;

namespace Trainer.Coordinator.Api;

/// <summary>A line for each call that changes something, or was to, by somebody whose token is known; what the others try is a line a minute.</summary>
internal sealed class AuditLog : IDisposable
{
    private const int LongestSubject = 64;

    private readonly ILogger _logger;
    private readonly LineAMinute _strangers;

    public AuditLog(ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger(AuditEvent.Category);
        _strangers = new LineAMinute((count, last) => _logger.LogWarning("Calls without a valid token: {Count} since the last such line. The last one: {Reason}", count, last));
    }

    public void Write(AuditEvent entry) => _logger.Log(LogLevel.Information, default, entry, null, (audit, _) => audit.ToString());

    public void WriteStranger(string client, string call, string reason) => _strangers.Note($"{call} from {client}: {reason}");

    public void Dispose() => _strangers.Dispose();

    /// <summary>Which job, worker or token a request is about; empty: none.</summary>
    public static string Subject(IMessage request)
    {
        foreach (var name in new[] { "id", "name", "job", "user" })
        {
            switch (request.Descriptor.FindFieldByName(name))
            {
                case { FieldType: FieldType.String } text:
                    return Shown((string)text.Accessor.GetValue(request));
                case { FieldType: FieldType.Message } nested when nested.Accessor.GetValue(request) is IMessage inner:
                    return Subject(inner);
            }
        }

        return "";
    }

    // What came with a call is shown as far as it can be an id: no blanks, no line ends, no terminal's commands.
    private static string Shown(string text) => string.Concat(text.Take(LongestSubject).Select(letter => letter is > ' ' and <= '~' ? letter : '?'));
}
