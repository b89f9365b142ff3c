using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Who may use a call, path or page.</summary>
/// <param name="Role">The least; unspecified: anybody, without a token.</param>
/// <param name="Changes">It changes something, and is a line of the audit log.</param>
/// <param name="OwnJobs">An operator may use it on jobs that he made alone.</param>
internal sealed record Access(Role Role, bool Changes = false, bool OwnJobs = false)
{
    public static readonly Access Open = new(Role.Unspecified);
    public static readonly Access Viewer = new(Role.Viewer);
    /// <summary>Whoever may look may sign a browser in, and out.</summary>
    public static readonly Access Begins = new(Role.Viewer, Changes: true);
    /// <summary>What a code is for: it says who signs in.</summary>
    public static readonly Access SignsIn = new(Role.Unspecified, Changes: true);
    public static readonly Access Makes = new(Role.Operator, Changes: true);
    /// <summary>One of many calls that go on with what another began: that one is in the audit log.</summary>
    public static readonly Access GoesOn = new(Role.Operator);
    public static readonly Access ChangesOwn = new(Role.Operator, Changes: true, OwnJobs: true);
    public static readonly Access SeesAll = new(Role.Admin);
    public static readonly Access ChangesAll = new(Role.Admin, Changes: true);
}
