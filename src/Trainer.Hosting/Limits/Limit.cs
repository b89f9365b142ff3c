namespace Trainer.Hosting.Limits;

/// <summary>Something of which a process takes only so much, from whoever it comes.</summary>
/// <param name="Name">As <c>--limit NAME=N</c> has it.</param>
/// <param name="What">What is counted, for help and errors.</param>
public sealed record Limit(string Name, string What, long Usual, long Least, long Most);
