using Trainer.Node.Links;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Node.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Worker;

/// <summary>Random orders and events in any order, with repetitions: what must hold whatever comes.</summary>
public class WorkerMachineTests
{
    private const int Cases = 3000;
    private const int EventsOfCase = 60;

    [Fact]
    public void Whatever_comes_in_whatever_order_generations_only_grow_and_a_fence_is_final()
    {
        for (var seed = 0; seed < Cases; seed++)
        {
            new Run(seed).Go();
        }
    }

    [Fact]
    public void A_job_is_served_from_its_first_order_to_the_last()
    {
        var machine = new WorkerMachine("w", "1");
        machine = Expect<BeginJob>(machine, new Ordered(Enlist("job")));
        Assert.Equal((WorkerPhase.Loading, "job"), (machine.Phase, machine.Job));
        Assert.Equal("job", Said(machine, new Ordered(Enlist("other"))).Busy.Job);
        machine = Next(machine, new JobLoaded());
        Assert.NotNull(Said(machine, new Ordered(Enlist("job"))).Standby);
        machine = Expect<EnterGeneration>(machine, new Ordered(Start(2, members: 2)));
        machine = Next(machine, new LinkUp(new GenerationNumber(1, 2), 1));
        machine = Expect<BeginTraining>(machine, new StateTaken(new GenerationNumber(1, 2), Note: null));
        machine = Expect<HoldGeneration>(machine, new Ordered(new Hold { Job = "job", Generation = Number(3) }));
        machine = Next(machine, new SegmentOver(new GenerationNumber(1, 2), SegmentEnd.Held, new HeldState(7, 77)));
        Assert.Equal(7UL, Said(machine, new Ticked()).Held.State.Item);
        machine = Expect<EndJob>(machine, new Ordered(new Release { Job = "job", Generation = Number(3) }));
        Assert.Empty(machine.Decide(new Ordered(Enlist("other")), Vitals.None).Actions);
        machine = Expect<SayStatus>(machine, new DriverOver());
        Assert.Equal((WorkerPhase.Idle, ""), (machine.Phase, machine.Job));
    }

    [Fact]
    public void Who_leaves_takes_no_job_and_says_when_it_serves_none()
    {
        var machine = Expect<SayLeft>(new WorkerMachine("w", "1"), new LeaveAsked());
        Assert.Equal("", Said(machine, new Ordered(Enlist("job"))).Busy.Job);

        machine = Next(new WorkerMachine("w", "1"), new Ordered(Enlist("job")));
        machine = Next(machine, new LeaveAsked());
        machine = Next(machine, new Ordered(new Release { Job = "job", Generation = Number(0) }));
        Expect<SayLeft>(machine, new DriverOver());
    }

    private static Generation Number(ulong number) => new() { Term = 1, Number = number };

    private static Enlist Enlist(string job) => new() { Job = job, Worker = "w", Incarnation = "1", Generation = Number(0) };

    private static Start Start(ulong number, int members)
    {
        var assignment = new Assignment { Shards = 4 };
        assignment.Members.AddRange(Enumerable.Range(0, members).Select(rank => new Member { Worker = rank == 0 ? "w" : $"w{rank}", Incarnation = "1" }));
        return new Start { Job = "job", Worker = "w", Generation = Number(number), FromItem = 1, State = new StateId(), Assignment = assignment };
    }

    private static WorkerMachine Next(WorkerMachine machine, WorkerEvent e) => machine.Decide(e, Vitals.None).Next;

    private static WorkerMachine Expect<T>(WorkerMachine machine, WorkerEvent e)
    {
        var (next, actions) = machine.Decide(e, Vitals.None);
        Assert.Single(actions.OfType<T>());
        return next;
    }

    private static WorkerReport Said(WorkerMachine machine, WorkerEvent e) => Assert.Single(machine.Decide(e, Vitals.None).Actions.OfType<Say>()).Report;

    private sealed class Run(int seed)
    {
        private readonly Random _random = new(seed);
        private WorkerMachine _machine = new("w", "1");
        private GenerationNumber _fenced;
        private GenerationNumber _entered;
        private bool _serves;
        private bool _clears;

        public void Go()
        {
            for (var i = 0; i < EventsOfCase; i++)
            {
                var e = Any();
                var (next, actions) = _machine.Decide(e, Vitals.None);
                foreach (var action in actions)
                {
                    Check(action, e, next);
                }

                _machine = next;
            }
        }

        private void Check(WorkerAction action, WorkerEvent e, WorkerMachine next)
        {
            switch (action)
            {
                case BeginJob:
                    True(!_serves && !_clears, "begins a job while it serves one");
                    (_serves, _fenced, _entered) = (true, default, default);
                    break;
                case EnterGeneration enter:
                    var number = GenerationNumber.Of(enter.Order.Generation);
                    True(_serves && number > _entered && number >= _fenced, $"enters {number} after {_entered}, fenced at {_fenced}");
                    _entered = number;
                    break;
                case EndJob:
                    True(_serves && !_clears, "ends a job twice");
                    (_serves, _clears) = (false, true);
                    break;
                case Say { Report: var report }:
                    CheckReport(report);
                    break;
                case BeginTraining or HoldGeneration or SaveState:
                    True(_serves && _entered >= _fenced, $"{action} of generation {_entered}, fenced at {_fenced}");
                    break;
            }

            if (e is DriverOver)
            {
                _clears = false;
            }

            True(next.Authority >= _machine.Authority || next.Job != _machine.Job, "its authority falls");
        }

        private void CheckReport(WorkerReport report)
        {
            True(report.Worker == "w" && report.Incarnation == "1", "does not say who it is");
            if (report.Fenced is { } fenced)
            {
                var fence = GenerationNumber.Of(fenced.Fence);
                _fenced = fence > _fenced ? fence : _fenced;
            }
            else if ((report.Started ?? report.Step ?? report.Held ?? (object)report.Finished) is not null)
            {
                True(GenerationNumber.Of(report.Generation) >= _fenced, $"says of generation {report.Generation} what was fenced at {_fenced}");
            }
        }

        private void True(bool condition, string what) => Assert.True(condition, $"seed {seed}: {what}");

        private WorkerEvent Any()
        {
            var number = (ulong)_random.Next(1, 8);
            var generation = new GenerationNumber(1, (ulong)_random.Next(1, 8));
            var job = _random.Next(6) == 0 ? "other" : "job";
            return _random.Next(16) switch
            {
                0 => new Ordered(Enlist(job)),
                1 => new JobLoaded(),
                2 or 3 => new Ordered(Start(number, members: 3), new LedgerEntry([], 0)),
                4 => new StateTaken(generation, Note: null),
                5 or 6 => new LinkUp(generation, _random.Next(1, 3)),
                7 => new LinkGone(generation, _random.Next(1, 3), "gone", Opened: true),
                8 => new Ordered(new Fence { Job = job, Generation = Number(number) }, new LedgerEntry([new HeldState(number, 1)], number)),
                9 => new Ordered(new Hold { Job = job, Generation = Number(number) }),
                10 => new SegmentOver(generation, _random.Next(2) == 0 ? SegmentEnd.Held : SegmentEnd.Finished, new HeldState(number, 1)),
                11 => new DriverFailed(_random.Next(3) == 0 ? default : generation, new Trainer.Protos.Cluster.Failure { Message = "broke" }),
                12 => _random.Next(3) == 0 ? new Ordered(new Release { Job = job, Generation = Number(number) }) : new Ticked(),
                13 => _clears ? new DriverOver() : new Ticked(),
                14 => new Ordered(new Query { Job = job, Generation = Number(number) }),
                _ => new ItemsCommitted(generation, new CommittedProgress(new HeldState(number, 1), new Progress(), Epoch: null, [])),
            };
        }
    }
}
