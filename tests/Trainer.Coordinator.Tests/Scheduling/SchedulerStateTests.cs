using Trainer.Coordinator.Scheduling;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

public sealed class SchedulerStateTests
{
    private readonly SchedulerSettings _settings = new();
    private SchedulerState _state;
    private DateTimeOffset _now = Samples.Noon;
    private List<JobEnvelope> _said = [];

    public SchedulerStateTests() => _state = new SchedulerState(_settings, _now);

    [Fact]
    public void A_job_gets_all_free_workers_up_to_its_maximum()
    {
        Idle("a", "b", "c");
        Pass(2, "a", "b", "c");
        Waits("j-1", max: 2);
        Assert.Equal(["j-1: a b"], Grants());
        Waits("j-2", max: 2);
        Assert.Equal(["j-2: c"], Grants());
    }

    [Fact]
    public void It_waits_for_its_minimum()
    {
        Idle("a");
        Pass(2, "a");
        Waits("j-1", min: 2);
        Assert.Empty(Grants());
        Idle("a", "b");
        Assert.Empty(Grants());
        Pass(0.5, "a", "b");
        Assert.Equal(["j-1: a b"], Grants());
    }

    [Fact]
    public void A_new_scheduler_first_hears_of_everybody()
    {
        Waits("j-1");
        Idle("a");
        Pass(0.75, "a");
        Idle("b");
        Pass(0.5, "a", "b");
        Assert.Empty(Grants());
        Pass(0.5, "a", "b");
        Assert.Equal(["j-1: a b"], Grants());
    }

    [Fact]
    public void Workers_that_become_free_together_are_granted_together()
    {
        Busy("j-0", "a", "b");
        Pass(2, "a", "b");
        Waits("j-1");
        Idle("a");
        Assert.Empty(Grants());
        Idle("b");
        Pass(0.5, "a", "b");
        Assert.Equal(["j-1: a b"], Grants());
    }

    [Fact]
    public void Who_gets_its_maximum_need_not_wait_for_more()
    {
        Pass(2);
        Waits("j-1", max: 1);
        Idle("a");
        Assert.Equal(["j-1: a"], Grants());
    }

    [Fact]
    public void Priority_goes_first_then_age_then_id()
    {
        Busy("j-0", "a", "b", "c", "d");
        Pass(2, "a", "b", "c", "d");
        Waits("j-new", max: 1, created: 30);
        Waits("j-old", max: 1, created: 10);
        Waits("j-also", max: 1, created: 10);
        Waits("j-high", max: 1, created: 50, priority: 1);
        Idle("a", "b", "c", "d");
        Assert.Equal(["j-high: a", "j-also: b", "j-old: c", "j-new: d"], Grants());
    }

    [Fact]
    public void A_job_whose_minimum_is_not_free_holds_back_those_behind_it()
    {
        Idle("a");
        Busy("j-0", "b");
        Pass(2, "a", "b");
        Waits("j-large", min: 2, created: 1);
        Waits("j-small", max: 1, created: 2);
        Assert.Empty(Grants());
        Idle("b");
        Pass(0.5, "a", "b");
        Assert.Equal(["j-large: a b"], Grants());
    }

    [Fact]
    public void A_job_that_asks_for_more_than_lives_holds_back_nobody()
    {
        Idle("a");
        Pass(2, "a");
        Waits("j-huge", min: 9, created: 1);
        Waits("j-small", max: 1, created: 2);
        Assert.Equal(["j-small: a"], Grants());
    }

    [Fact]
    public void A_granted_worker_is_kept_until_it_serves_or_five_seconds()
    {
        Idle("a");
        Pass(2, "a");
        Waits("j-1", max: 1);
        Assert.Equal(["j-1: a"], Grants());
        Waits("j-1", max: 1);
        Pass(4.5, "a");
        Assert.Empty(Grants());
        Waits("j-1", max: 1);
        Pass(0.5, "a");
        Assert.Equal(["j-1: a"], Grants());

        Busy("j-1", "a");
        Idle("a");
        Waits("j-2", max: 1);
        Assert.Equal(["j-2: a"], Grants());
    }

    [Fact]
    public void A_new_life_of_a_worker_is_not_reserved()
    {
        Idle("a");
        Pass(2, "a");
        Waits("j-1", max: 1);
        Assert.Equal(["j-1: a"], Grants());
        Waits("j-1", max: 1);
        Hear(Status("a", incarnation: "second"));
        Assert.Equal(["j-1: a"], Grants());
    }

    [Fact]
    public void Leaving_workers_get_nothing()
    {
        Hear(Status("a", leaving: true));
        Pass(2);
        Hear(Status("a", leaving: true));
        Waits("j-1");
        Assert.Empty(Grants());
    }

    [Fact]
    public void A_grant_is_of_one_arithmetic()
    {
        Hear(Status("a", numerics: "cuda"));
        Hear(Status("b", numerics: "v1"));
        Hear(Status("c", numerics: "v1"));
        Pass(2);
        Hear(Status("a", numerics: "cuda"));
        Hear(Status("b", numerics: "v1"));
        Hear(Status("c", numerics: "v1"));
        Waits("j-1");
        Waits("j-2", numerics: "v1");
        Assert.Equal(["j-1: b c"], Grants());
        Waits("j-3", numerics: "cuda");
        Assert.Equal(["j-3: a"], Grants());
    }

    [Fact]
    public void What_gives_bits_up_is_granted_workers_that_can_and_are_alike()
    {
        WorkerStatus[] all =
        [
            Status("a"), Tf32(Status("b"), "v1+tf32-emulated"), Tf32(Status("c"), "v1+tf32"), Tf32(Status("d"), "v1+tf32-emulated"),
        ];
        Array.ForEach(all, Hear);
        Pass(2);
        Array.ForEach(all, Hear);
        Waits("j-1", arithmetic: new Arithmetic { Compute = "tf32", Gradients = "bf16" });
        Assert.Empty(Grants());
        Waits("j-2", arithmetic: new Arithmetic { Compute = "tf32", Gradients = "fp32" });
        Assert.Equal(["j-2: b d"], Grants());
        Waits("j-3", numerics: "v1+tf32-emulated", arithmetic: new Arithmetic { Compute = "tf32", Gradients = "fp32" });
        Assert.Empty(Grants());
        Waits("j-4");
        Assert.Equal(["j-4: a c"], Grants());
    }

    [Fact]
    public void A_job_that_holds_workers_back_does_so_in_all_their_arithmetics()
    {
        WorkerStatus[] all = [Status("a"), Tf32(Status("b"), "v1+tf32"), Tf32(Status("c", job: "j-0"), "v1+tf32")];
        Array.ForEach(all, Hear);
        Pass(2);
        Array.ForEach(all, Hear);
        Waits("j-1", min: 2, arithmetic: new Arithmetic { Compute = "tf32", Gradients = "fp32" }, created: 1);
        Waits("j-2", created: 2);
        Assert.Equal(["j-2: a"], Grants());
    }

    [Fact]
    public void A_job_gets_only_workers_of_the_device_that_it_asks_for()
    {
        HearDevices();
        Pass(2);
        HearDevices();
        Waits("j-cuda", device: "cuda");
        Waits("j-any", max: 2, device: "auto");
        Waits("j-opencl", device: "opencl");
        Assert.Equal(["j-cuda: b", "j-any: a d", "j-opencl: c"], Grants());

        void HearDevices()
        {
            Hear(Status("a", device: "cpu"));
            Hear(Status("b", device: "cuda"));
            Hear(Status("c", device: "opencl", numerics: "v1+opencl"));
            Hear(Status("d", device: "cpu"));
        }
    }

    [Fact]
    public void A_job_that_is_pinned_to_an_arithmetic_gets_it_on_the_device_that_it_asks_for()
    {
        Hear(Status("a", device: "cpu"));
        Hear(Status("b", device: "cuda"));
        Hear(Status("c", device: "cuda", numerics: "v2"));
        _state = _state with { Settings = _settings with { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero } };
        Waits("j-1", numerics: "v1", device: "cuda");
        Assert.Equal(["j-1: b"], Grants());
    }

    [Fact]
    public void A_job_that_waits_for_a_device_holds_back_only_those_who_want_it_too()
    {
        Hear(Status("a", device: "cpu"));
        Hear(Status("b", "j-0", device: "cuda"));
        _state = _state with { Settings = _settings with { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero } };
        Waits("j-1", device: "cuda");
        Waits("j-2", created: 1, device: "cpu");
        Assert.Equal(["j-2: a"], Grants());
        Waits("j-3", created: 2, device: "cuda");
        Hear(Status("b", device: "cuda"));
        Assert.Equal(["j-1: b"], Grants());
    }

    [Fact]
    public void A_job_is_told_why_it_waits_and_again_when_that_changes()
    {
        _state = _state with { Settings = _settings with { WarmUp = TimeSpan.Zero, Settle = TimeSpan.Zero } };
        Waits("j-1", min: 2, device: "cuda");
        Assert.Equal(["Waiting for workers: it needs 2 of device cuda with equal numerics; there is none."], Reasons("j-1"));

        Hear(Status("a", device: "cpu"));
        Assert.Equal(["Waiting for workers: it needs 2 of device cuda with equal numerics; there is 1 of cpu."], Reasons("j-1"));
        Hear(Status("a", device: "cpu"));
        Waits("j-1", min: 2, device: "cuda");
        Assert.Empty(Reasons("j-1"));

        Hear(Status("b", "j-0", device: "cuda"));
        Assert.Equal(["Waiting for workers: it needs 2 of device cuda with equal numerics; there are 1 of cpu, 1 of cuda."], Reasons("j-1"));
        Hear(Status("c", device: "cuda"));
        Assert.Equal(["Waiting for workers."], Reasons("j-1"));

        Waits("j-2", numerics: "v0", device: "auto");
        Assert.Equal(["Waiting for workers: it needs 1 with numerics v0; there are 1 of cpu, 2 of cuda."], Reasons("j-2"));
        Waits("j-3", arithmetic: new Arithmetic { Compute = "tf32", Gradients = "bf16" });
        Assert.Equal(["Waiting for workers: it needs 1 that can compute: tf32, gradients: bf16; there are 1 of cpu, 2 of cuda."], Reasons("j-3"));
    }

    [Fact]
    public void A_silent_worker_is_forgotten_and_its_job_told()
    {
        Idle("a");
        Busy("j-7", "b");
        Pass(4.75);
        Assert.Equal(2, _state.Workers.Count);
        Pass(0.25);
        Assert.Empty(_state.Workers);
        var lost = Assert.Single(_said);
        Assert.Equal(new WorkerLost { Job = "j-7", Worker = "b", Incarnation = "b-life", Reason = "no status for 5 s" }, lost.WorkerLost);
        Assert.Equal("j-7", lost.Job);
    }

    [Fact]
    public void Settled_and_forgotten_jobs_get_nothing()
    {
        Waits("j-1");
        Waits("j-2");
        Apply(_state.Hear(new JobSettled { Job = "j-1" }, _now));
        Pass(15);
        Idle("a");
        Pass(2, "a");
        Assert.Empty(_state.Waiting);
        Assert.Empty(Grants());
    }

    private void Idle(params string[] workers) => Array.ForEach(workers, worker => Hear(Status(worker)));

    private void Busy(string job, params string[] workers) => Array.ForEach(workers, worker => Hear(Status(worker, job)));

    private void Hear(WorkerStatus status) => Apply(_state.Hear(status, _now));

    private void Waits(
        string job, uint min = 1, uint max = 16, int priority = 0, long created = 0, string numerics = "", string device = "", Arithmetic? arithmetic = null) =>
        Apply(_state.Hear(
            new JobWaiting
            {
                Job = job,
                MinWorkers = min,
                MaxWorkers = max,
                Priority = priority,
                CreatedUnixMs = created,
                Numerics = numerics,
                Device = device,
                Arithmetic = arithmetic,
            },
            _now));

    private static WorkerStatus Tf32(WorkerStatus status, string numerics)
    {
        status.Arithmetics.Add(new Arithmetic { Compute = "tf32", Gradients = "fp32", Numerics = numerics });
        return status;
    }

    // Ticks; those named repeat their status meanwhile.
    private void Pass(double seconds, params string[] alive)
    {
        for (var end = _now.AddSeconds(seconds); _now < end;)
        {
            _now += _settings.Tick;
            Array.ForEach(alive, worker => Hear(_state.Workers[worker].Status));
            Apply(_state.Tick(_now));
        }
    }

    private void Apply(SchedulerDecision decision)
    {
        _state = decision.Next;
        _said.AddRange(decision.Messages);
    }

    private List<string> Grants()
    {
        var grants = _said.Where(message => message.Grant is not null).Select(message => $"{message.Job}: {string.Join(" ", message.Grant.Workers.Select(worker => worker.Worker))}").ToList();
        _said = [];
        return grants;
    }

    private List<string> Reasons(string job)
    {
        var reasons = _said.Where(message => message.Job == job && message.WaitReason is not null).Select(message => message.WaitReason.Message).ToList();
        _said = [];
        return reasons;
    }

    private static WorkerStatus Status(
        string worker, string job = "", string? incarnation = null, string numerics = "v1", bool leaving = false, string device = "cpu") => new()
        {
            DeviceKind = device,
            Worker = worker,
            Incarnation = incarnation ?? worker + "-life",
            Numerics = numerics,
            Job = job,
            Leaving = leaving,
        };
}
