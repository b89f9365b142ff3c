using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Limits;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Packs;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Data sets that were pushed, in the store of jobs' files. Waits for it: for threads that may.</summary>
/// <remarks>
/// All that is known of them is in the store, which several coordinators may share; locks are of one process. So who writes looks again afterwards for what another may have written meanwhile
/// (<see cref="BeginAlone"/>, <see cref="Check"/>, <see cref="Use"/>), and what falls between is swept.
/// </remarks>
/// <param name="location">Of jobs' files.</param>
public sealed class DataSets(ArtifactStores stores, string location, ProcessLimits limits)
{
    private readonly IArtifactStore _store = stores.Open(DataSetFiles.LocationIn(location));

    /// <summary>One upload begins at a time: it looks at those that are there.</summary>
    private readonly Lock _begin = new();

    /// <summary>Of what is written of one data set, by its id.</summary>
    private readonly Lock[] _changes = [.. Enumerable.Range(0, 64).Select(_ => new Lock())];

    /// <summary>Of half a message: in JSON bytes are a third longer.</summary>
    private uint PartBytes => (uint)(limits[ProcessLimits.MessageBytes] / 2);

    /// <summary>In whole milliseconds, as they are written.</summary>
    private static Timestamp Now => DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).ToTimestamp();

    /// <summary>One that jobs can use.</summary>
    /// <param name="id">NAME@SHA-256; NAME: the newest of that name.</param>
    /// <returns>Null: there is none.</returns>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public PushedDataSet? FindReady(string id) => Ask(() => id.Contains('@', StringComparison.Ordinal)
        ? DataSetFiles.Find(_store, DataSetFiles.Ready, id)
        : All(DataSetFiles.Ready).Where(set => set.Name == id).MaxBy(set => set.ReadyTime ?? set.CreateTime));

    /// <summary>One that jobs can use, or that is being uploaded.</summary>
    /// <exception cref="RpcException">NOT_FOUND; UNAVAILABLE: the store.</exception>
    public PushedDataSet Get(string id) => FindReady(id) ?? Ask(() => DataSetFiles.Find(_store, DataSetFiles.Uploads, id) is { } begun ? WithReceived(begun) : null) ?? throw ApiErrors.DataSetNotFound(id);

    /// <summary>As <see cref="Get"/>; how much of it is there is not looked at.</summary>
    /// <exception cref="RpcException">NOT_FOUND; UNAVAILABLE: the store.</exception>
    public PushedDataSet Begun(string id) => Ask(() => DataSetFiles.Find(_store, DataSetFiles.Ready, id) ?? DataSetFiles.Find(_store, DataSetFiles.Uploads, id)) ?? throw ApiErrors.DataSetNotFound(id);

    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public IReadOnlyList<PushedDataSet> List() => Ask(() =>
    {
        var ready = All(DataSetFiles.Ready).ToList();
        var begun = All(DataSetFiles.Uploads).Where(set => !ready.Exists(there => there.Id == set.Id)).Select(WithReceived);
        return DataSetPages.InOrder(ready.Concat(begun)).ToList();
    });

    /// <summary>Begins an upload, or goes on with one.</summary>
    /// <param name="mayAll">Names of others too.</param>
    /// <exception cref="RpcException">PERMISSION_DENIED: the name is another's; FAILED_PRECONDITION: it has failed, or is being deleted; RESOURCE_EXHAUSTED: too large, or too many; UNAVAILABLE: the store.</exception>
    public PushedDataSet Begin(CreateDataSetRequest request, string creator, bool mayAll)
    {
        lock (_begin)
        {
            return BeginAlone(request, creator, mayAll);
        }
    }

    /// <summary>Takes a part.</summary>
    /// <param name="set">What is being uploaded.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is no such part; UNAVAILABLE: the store.</exception>
    public PushedDataSet Take(PushedDataSet set, UploadDataSetRequest part)
    {
        if (part.Offset >= set.Bytes || part.Offset % set.PartBytes != 0)
        {
            throw ApiErrors.InvalidField("offset", $"must be a multiple of {set.PartBytes} below {set.Bytes}, got {part.Offset}");
        }

        var expected = Math.Min(set.PartBytes, set.Bytes - part.Offset);
        if ((ulong)part.Data.Length != expected)
        {
            throw ApiErrors.InvalidField("data", $"must have {expected} bytes at offset {part.Offset}, got {part.Data.Length}");
        }

        var sum = Convert.ToHexStringLower(SHA256.HashData(part.Data.Span));
        if (sum != part.Sha256)
        {
            throw ApiErrors.InvalidField("sha256", $"is {part.Sha256}, and what came has {sum}: send it again");
        }

        lock (ChangesOf(set.Id))
        {
            return TakeAlone(set, part, expected);
        }
    }

    /// <summary>Reads the whole, and makes it ready if it is what it is to be; else it has failed. No part is taken from then on.</summary>
    /// <param name="set">Of which all parts are there.</param>
    /// <exception cref="RpcException">FAILED_PRECONDITION: it is not; NOT_FOUND: it was deleted meanwhile; UNAVAILABLE: the store.</exception>
    public PushedDataSet Check(PushedDataSet set)
    {
        if (FindReady(set.Id) is { } there)
        {
            return there;
        }

        var checking = new PushedDataSet(set) { State = PushedDataSet.Types.State.Checking, ReceivedBytes = set.Bytes };
        Change(set, () => Write(DataSetFiles.Uploads, checking));
        if (Ask(() => PushedPack.Sum(_store, set)) is var sum && sum != set.Sha256)
        {
            throw Failed(checking, $"has the SHA-256 {sum}");
        }

        PackFacts facts;
        try
        {
            facts = DescribeWith(set, DataPack.Describe);
        }
        catch (Exception other) when (other is not (RpcException or OutOfMemoryException))
        {
            throw Failed(checking, other is DataFileException file ? file.Message[(file.File.Length + 2)..] : $"cannot be read: {other.Message}");
        }

        var ready = new PushedDataSet(checking)
        {
            State = PushedDataSet.Types.State.Ready,
            ReadyTime = Now,
            TrainSamples = (uint)facts.TrainSamples,
            TestSamples = (uint)facts.TestSamples,
            Classes = (uint)facts.ClassNames.Count,
            ClassNames = { facts.ClassNames },
        };
        Change(set, () =>
        {
            Write(DataSetFiles.Ready, ready);
            RequireStillBegun(set);
            Ask(() => Forget(DataSetFiles.FactsKey(DataSetFiles.Uploads, set.Id)));
        });
        return ready;
    }

    /// <summary>Asks the index of a pack: its tail alone is read.</summary>
    /// <param name="question">Given a file that can be described, and is gone afterwards.</param>
    /// <exception cref="DataFileException">It is no pack.</exception>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public T DescribeWith<T>(PushedDataSet set, Func<string, T> question)
    {
        var file = Path.Combine(Path.GetTempPath(), $"trainer-{Guid.NewGuid():N}.index");
        try
        {
            Ask(() => PushedPack.CopyTail(_store, set, file));
            return question(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Nothing of it is left. What is broken off is DELETING, and <see cref="Sweep"/> goes on with it.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public void Delete(string id)
    {
        lock (ChangesOf(id))
        {
            Ask(() =>
            {
                if ((DataSetFiles.Find(_store, DataSetFiles.Uploads, id) ?? DataSetFiles.Find(_store, DataSetFiles.Ready, id)) is { } set)
                {
                    Write(DataSetFiles.Uploads, new PushedDataSet(set) { State = PushedDataSet.Types.State.Deleting });
                }

                // What is known of it goes last: it says that there may be more.
                foreach (var key in new[] { DataSetFiles.FactsKey(DataSetFiles.Ready, id), DataSetFiles.PartsKey(id), DataSetFiles.UsesKey(id), DataSetFiles.FactsKey(DataSetFiles.Uploads, id) })
                {
                    _store.Delete(key);
                }

                return true;
            });
        }
    }

    /// <summary>Says that a job uses a data set. Whoever deletes one looks for that after it has ceased to be ready, so one that is still ready now stays.</summary>
    /// <returns>False: it is not there any more.</returns>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public bool Use(string id, string job) => Ask(() =>
    {
        _store.Put(DataSetFiles.UseKey(id, job), []);
        return _store.Find(DataSetFiles.FactsKey(DataSetFiles.Ready, id)) is not null || !Forget(DataSetFiles.UseKey(id, job));
    });

    /// <summary>Jobs that once said that they use a data set, and when.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public IReadOnlyList<(string Job, DateTimeOffset Since)> Uses(string id) => Ask(() => _store.List(DataSetFiles.UsesKey(id)).Select(file => (Path.GetFileName(file.Key), file.Modified)).ToList());

    /// <summary>Makes it cease to be ready, or ready again.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public void SetReady(PushedDataSet set, bool isReady)
    {
        lock (ChangesOf(set.Id))
        {
            if (isReady)
            {
                Write(DataSetFiles.Ready, set);
                Ask(() => Forget(DataSetFiles.FactsKey(DataSetFiles.Uploads, set.Id)));
            }
            else
            {
                Write(DataSetFiles.Uploads, new PushedDataSet(set) { State = PushedDataSet.Types.State.Deleting });
                Ask(() => Forget(DataSetFiles.FactsKey(DataSetFiles.Ready, set.Id)));
            }
        }
    }

    /// <summary>Deletes uploads to which nothing has come for long, what has failed long ago, and goes on with what is DELETING.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public int Sweep(DateTimeOffset before) => Ask(() =>
    {
        var left = _store.List(DataSetFiles.Uploads).Select(upload => (upload.Modified, Id: DataSetFiles.IdOf(upload.Key)))
            .Where(upload => _store.Find(DataSetFiles.FactsKey(DataSetFiles.Ready, upload.Id)) is null)
            .Where(upload => upload.Modified < before && _store.List(DataSetFiles.PartsKey(upload.Id)).All(part => part.Modified < before))
            .Select(upload => upload.Id).ToList();
        foreach (var id in left)
        {
            Delete(id);
        }

        return left.Count + SweepParts(before);
    });

    /// <summary>Parts that came through one coordinator while another deleted the whole: nothing is known of them.</summary>
    private int SweepParts(DateTimeOffset before)
    {
        var lost = _store.List(DataSetFiles.Parts).GroupBy(part => part.Key.Split('/')[1], StringComparer.Ordinal)
            .Where(parts => parts.All(part => part.Modified < before))
            .Select(parts => parts.Key)
            .Where(id => _store.Find(DataSetFiles.FactsKey(DataSetFiles.Ready, id)) is null && _store.Find(DataSetFiles.FactsKey(DataSetFiles.Uploads, id)) is null).ToList();
        foreach (var id in lost)
        {
            _store.Delete(DataSetFiles.PartsKey(id));
        }

        return lost.Count;
    }

    private static T Ask<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not DataFileException)
        {
            throw ApiErrors.Unavailable($"The store of data sets cannot be used: {e.Message}");
        }
    }

    private PushedDataSet BeginAlone(CreateDataSetRequest request, string creator, bool mayAll)
    {
        var id = $"{request.Name}@{request.Sha256}";
        var all = List();
        if (!mayAll)
        {
            DataSetAdmission.RequireName(request.Name, creator, all);
        }

        if ((FindReady(id) ?? Ask(() => DataSetFiles.Find(_store, DataSetFiles.Uploads, id) is { } begun ? WithReceived(begun) : null)) is { } there)
        {
            RequireUsable(there);
            return there.Bytes == request.Bytes ? there : throw ApiErrors.InvalidField("bytes", $"must be {there.Bytes}, as {id} was begun with, got {request.Bytes}");
        }

        DataSetAdmission.RequireRoom(request, all, limits);
        DataSetAdmission.RequireFew(creator, all);
        var set = new PushedDataSet
        {
            Id = id,
            Name = request.Name,
            Sha256 = request.Sha256,
            Bytes = request.Bytes,
            State = PushedDataSet.Types.State.Uploading,
            PartBytes = PartBytes,
            Creator = creator,
            CreateTime = Now,
        };
        Write(DataSetFiles.Uploads, set);
        RequireStill(request, set, mayAll);
        return set;
    }

    /// <summary>What others began through other coordinators at the same time counts too: of two that cannot both be, none or one stays.</summary>
    private void RequireStill(CreateDataSetRequest request, PushedDataSet set, bool mayAll)
    {
        List<PushedDataSet> others = [.. List().Where(other => other.Id != set.Id)];
        try
        {
            if (!mayAll)
            {
                DataSetAdmission.RequireName(request.Name, set.Creator, others);
            }

            DataSetAdmission.RequireRoom(request, others, limits);
        }
        catch (RpcException)
        {
            Ask(() => Forget(DataSetFiles.FactsKey(DataSetFiles.Uploads, set.Id)));
            throw;
        }
    }

    private PushedDataSet TakeAlone(PushedDataSet set, UploadDataSetRequest part, ulong bytes) => Ask(() =>
    {
        var now = DataSetFiles.Find(_store, DataSetFiles.Uploads, set.Id) ?? DataSetFiles.Find(_store, DataSetFiles.Ready, set.Id) ?? throw ApiErrors.DataSetNotFound(set.Id);
        RequireUsable(now);
        if (now.State != PushedDataSet.Types.State.Uploading)
        {
            return now; // All parts are there: the whole is being read, or has been.
        }

        _store.Put(DataSetFiles.PartKey(set.Id, (long)(part.Offset / set.PartBytes)), part.Data.Span);
        return part.Offset + bytes < set.Bytes ? new PushedDataSet(now) { ReceivedBytes = part.Offset + bytes } : WithReceived(now);
    });

    /// <summary>Says what is wrong, and keeps that alone.</summary>
    private RpcException Failed(PushedDataSet set, string problem)
    {
        var failed = new PushedDataSet(set)
        {
            State = PushedDataSet.Types.State.Failed,
            ReceivedBytes = 0,
            Problem = $"What was uploaded as {set.Id} {problem}. To push it again delete it first: trainer data delete {set.Id}",
        };
        Change(set, () =>
        {
            Write(DataSetFiles.Uploads, failed);
            Ask(() => Forget(DataSetFiles.PartsKey(set.Id)));
        });
        return ApiErrors.DataSetDamaged(failed.Problem);
    }

    /// <summary>Changes an upload, unless it was deleted meanwhile.</summary>
    private void Change(PushedDataSet set, Action change)
    {
        lock (ChangesOf(set.Id))
        {
            if (Ask(() => DataSetFiles.Find(_store, DataSetFiles.Uploads, set.Id)) is not { } now || !now.CreateTime.Equals(set.CreateTime))
            {
                throw ApiErrors.DataSetNotFound(set.Id);
            }

            RequireUsable(now);
            change();
        }
    }

    /// <summary>Whoever deletes it through another coordinator says so before all else, and removes what is ready after that: either it is seen here, or what was written is removed there.</summary>
    private void RequireStillBegun(PushedDataSet set)
    {
        if (Ask(() => DataSetFiles.Find(_store, DataSetFiles.Uploads, set.Id)) is not { State: not PushedDataSet.Types.State.Deleting })
        {
            Ask(() => Forget(DataSetFiles.FactsKey(DataSetFiles.Ready, set.Id)));
            throw ApiErrors.DataSetNotFound(set.Id);
        }
    }

    private Lock ChangesOf(string id) => _changes[(uint)id.GetHashCode(StringComparison.Ordinal) % (uint)_changes.Length];

    private bool Forget(string key)
    {
        _store.Delete(key);
        return true;
    }

    private IEnumerable<PushedDataSet> All(string kind) => _store.List(kind).Select(file => DataSetFiles.Find(_store, kind, DataSetFiles.IdOf(file.Key))).OfType<PushedDataSet>();

    /// <summary>With how much of it is there from its beginning on.</summary>
    private PushedDataSet WithReceived(PushedDataSet set)
    {
        var there = _store.List(DataSetFiles.PartsKey(set.Id)).Select(file => Path.GetFileName(file.Key)).ToHashSet(StringComparer.Ordinal);
        ulong parts = 0;
        while (there.Contains(Path.GetFileName(DataSetFiles.PartKey(set.Id, (long)parts))))
        {
            parts++;
        }

        var received = Math.Min(parts * set.PartBytes, set.Bytes);
        return set.State is PushedDataSet.Types.State.Failed or PushedDataSet.Types.State.Deleting ? set : new PushedDataSet(set) { ReceivedBytes = received, State = received < set.Bytes ? PushedDataSet.Types.State.Uploading : PushedDataSet.Types.State.Checking };
    }

    private static void RequireUsable(PushedDataSet set)
    {
        if (set.State == PushedDataSet.Types.State.Failed)
        {
            throw ApiErrors.DataSetDamaged(set.Problem);
        }

        if (set.State == PushedDataSet.Types.State.Deleting)
        {
            throw ApiErrors.DataSetDeleting(set.Id);
        }
    }

    private void Write(string kind, PushedDataSet set) => Ask(() =>
    {
        _store.Put(DataSetFiles.FactsKey(kind, set.Id), Encoding.UTF8.GetBytes(ProtoJson.Line(ProtoJson.ToJson(set))));
        return true;
    });
}
