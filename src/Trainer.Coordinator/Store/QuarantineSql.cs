using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>Statements about machines and devices in quarantine.</summary>
internal static class QuarantineSql
{
    public const string Select = "SELECT machine, device, worker, job, reason, time FROM quarantine ORDER BY time, machine, device";

    public const string Upsert = """
        INSERT INTO quarantine (machine, device, worker, job, reason, time) VALUES (@Machine, @Device, @Worker, @Job, @Reason, @Time)
        ON CONFLICT (machine, device) DO UPDATE SET worker = excluded.worker, job = excluded.job, reason = excluded.reason, time = excluded.time
        """;

    public const string Delete = "DELETE FROM quarantine WHERE machine = @machine AND device = @device";

    public static QuarantineColumns Values(Quarantine entry) =>
        new(entry.Machine, entry.Device, entry.Worker, entry.Job, StoredText.Of(entry.Reason), entry.Time.ToDateTimeOffset().ToUnixTimeMilliseconds());
}

/// <summary>A row of the table.</summary>
internal sealed record QuarantineColumns(string Machine, string Device, string Worker, string Job, string Reason, long Time)
{
    public Quarantine ToEntry() => new()
    {
        Machine = Machine,
        Device = Device,
        Worker = Worker,
        Job = Job,
        Reason = Reason,
        Time = DateTimeOffset.FromUnixTimeMilliseconds(Time).ToTimestamp(),
    };
}
