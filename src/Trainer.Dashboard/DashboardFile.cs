namespace Trainer.Dashboard;

/// <summary>A file of the dashboard, as it is sent.</summary>
/// <param name="Content">Packed by gzip.</param>
/// <param name="Type">The media type.</param>
/// <param name="Tag">The ETag, which follows from the content.</param>
public sealed record DashboardFile(ReadOnlyMemory<byte> Content, string Type, string Tag);
