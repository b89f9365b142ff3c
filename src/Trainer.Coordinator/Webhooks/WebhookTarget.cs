namespace Trainer.Coordinator.Webhooks;

/// <summary>Where a POST goes for each change of a job's state, and what it is signed with. Its operator says so, nobody else.</summary>
public sealed record WebhookTarget(Uri Address, WebhookSecret Secret);
