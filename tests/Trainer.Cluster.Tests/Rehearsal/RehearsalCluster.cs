using System.Diagnostics;
using System.Security.Cryptography;
using k8s.Models;
using Trainer.Cluster.Tests.Deploy;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>The objects of a rendering as a cluster carries them out: pods with networks, names and filters of their own, on one <see cref="Machine"/>.</summary>
/// <remarks>
/// Read from the objects: commands, arguments, variables, volumes, users, probes, grace periods, services, network policies. In place of a cluster's parts: curl asks for the kubelet,
/// dnsmasq answers for CoreDNS, nftables filter for the network plugin, and the address of service trainer is those of the ready coordinators.
/// </remarks>
internal sealed class RehearsalCluster : IAsyncDisposable
{
    private const string Space = "trainer";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private readonly Machine _machine;
    private readonly Manifests _manifests;
    private readonly IReadOnlyList<int> _families;
    private readonly IReadOnlyList<string> _more;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _syncing = new(1);
    private readonly List<Pod> _pods = [];
    private readonly List<string> _gone = [];
    private readonly List<PodPlace> _places = [];
    private readonly Volumes _volumes;
    private PodPlace _client = null!;
    private int _number = 9;

    private RehearsalCluster(Machine machine, Manifests manifests, IReadOnlyList<int> families, IReadOnlyList<string> more) =>
        (_machine, _manifests, _families, _more, _volumes) = (machine, manifests, families, more, new Volumes(machine));

    /// <summary>The volume that all pods see as /data.</summary>
    public string Data => _volumes.Claim("data");

    public IReadOnlyList<Pod> Workers => Pods(isWorker: true);

    public Pod Coordinator => Pods(isWorker: false).Single();

    /// <param name="families">Of a pod's addresses, its first one first: 4, 6.</param>
    /// <param name="more">Variables of processes besides the rendering's.</param>
    public static async Task<RehearsalCluster> StartAsync(string rendering, string image, IReadOnlyList<int> families, IReadOnlyList<string> more, int? workers = null)
    {
        var cluster = new RehearsalCluster(await Machine.StartAsync(), Manifests.OfRendering(rendering), families, more);
        try
        {
            await cluster._volumes.BringAsync();
            cluster._client = await cluster.PlaceAsync(Space, new Dictionary<string, string> { ["trainer-client"] = "true" }, "client", service: null);
            var group = cluster._manifests.Workers.Single();
            var pods = await Task.WhenAll([cluster.StartPodAsync(cluster._manifests.Coordinator, image), .. Enumerable.Range(0, workers ?? group.Replicas!.Value).Select(_ => cluster.StartPodAsync(group, image))]);
            await Task.WhenAll(pods.Select(cluster.ReadyAsync));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync(); // Nobody else has it.
            throw;
        }
    }

    /// <summary>A pod is ready, and services lead to it.</summary>
    public async Task ReadyAsync(Pod pod)
    {
        await UntilAsync($"{pod.Name} is ready", () => pod.IsReady);
        await SyncAsync();
    }

    /// <summary>As a controller makes it: a StatefulSet's pod has its name again, a Deployment's another one, and both another address.</summary>
    public async Task<Pod> StartPodAsync(Workload workload, string image)
    {
        var set = _manifests.Of<V1StatefulSet>().SingleOrDefault(one => one.Metadata.Name == workload.Name);
        var name = set is null ? $"{workload.Name}-{RandomNumberGenerator.GetHexString(9, lowercase: true)}-{RandomNumberGenerator.GetHexString(5, lowercase: true)}" : $"{workload.Name}-0";
        var place = await PlaceAsync(Space, workload.Template.Metadata.Labels, name, set?.Spec.ServiceName);
        var pod = new Pod(place, workload, image, await _volumes.MountAsync(workload, place.Fields), _more);
        lock (_lock)
        {
            _pods.Add(pod);
        }

        await SyncAsync();
        return pod;
    }

    /// <param name="force">It is killed at once, as where its node is gone.</param>
    public async Task DeleteAsync(Pod pod, bool force = false)
    {
        await pod.DeleteAsync(force);
        lock (_lock)
        {
            _pods.Remove(pod);
            _gone.Add(Tell(pod));
            _places.RemoveAll(place => place.Fields.Name == pod.Name);
        }

        _volumes.Forget(pod.Name);
        await SyncAsync();
    }

    /// <summary>A pod of the same workload in its place: for a Deployment before the old one is asked to go, as maxSurge has it, else after.</summary>
    public async Task<Pod> ReplaceAsync(Pod old, string image)
    {
        if (old.Workload.IsWorker)
        {
            var next = await StartPodAsync(old.Workload, image);
            await ReadyAsync(next);
            await DeleteAsync(old);
            return next;
        }

        await DeleteAsync(old);
        var again = await StartPodAsync(old.Workload, image);
        await ReadyAsync(again);
        return again;
    }

    /// <summary>New certificates of the same authority, in every pod, as the kubelet brings them.</summary>
    public Task RotateAsync() => _volumes.RotateAsync();

    /// <summary>Runs the command line in a pod that may call the job API, and returns its lines.</summary>
    public async Task<IReadOnlyList<string>> TrainerAsync(params string[] arguments)
    {
        var lines = new List<string>();
        using var process = Client(lines.Add, arguments);
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        Assert.True(process.ExitCode == 0, $"trainer {string.Join(' ', arguments)}: {string.Join('\n', lines)}\n{Log()}");
        return lines;
    }

    public Process Client(Action<string> heard, params string[] arguments)
    {
        var root = _client.Prepare([$"{_volumes.Client} /client ro", $"{_volumes.ClientTmp} /tmp rw"], ["TRAINER_HOME=/tmp", "DOTNET_EnableDiagnostics=0"]);
        return _client.Run(root, Path.GetDirectoryName(TrainerProcess.Executable)!, "1654", ["/app/trainer", .. arguments, "--endpoint", "https://trainer.trainer.svc.cluster.local:5000", "--ca", "/client/ca.pem", "--token-file", "/client/token"], line =>
        {
            lock (heard)
            {
                heard(line);
            }
        });
    }

    /// <summary>A file that the client's pod sees below /client.</summary>
    public void Give(string name, string text) => File.WriteAllText(Path.Combine(_volumes.Client, name), text);

    /// <summary>Somebody whose pods Trainer's are to keep out, or to let in.</summary>
    public Task<PodPlace> StrangerAsync(string space, string name, IDictionary<string, string> labels) => PlaceAsync(space, labels, name, service: null);

    /// <summary>A volume of a pod's own.</summary>
    public string VolumeOf(Pod pod, string name) => _volumes.Own(PlaceOf(pod).Fields, name);

    public PodPlace ClientPlace => _client;

    public PodPlace PlaceOf(Pod pod)
    {
        lock (_lock)
        {
            return _places.Single(place => place.Fields.Name == pod.Name);
        }
    }

    public async Task UntilAsync(string what, Func<bool> holds, TimeSpan? patience = null)
    {
        for (var waited = Stopwatch.StartNew(); !holds(); await Task.Delay(50))
        {
            Assert.True(waited.Elapsed < (patience ?? Patience), $"Not within {patience ?? Patience}: {what}\n{Log()}");
        }
    }

    public string Log()
    {
        lock (_lock)
        {
            return string.Join('\n', _gone.Concat(_pods.Select(Tell)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        var pods = Pods();
        pods.ForEach(pod => pod.Abandon());
        await _machine.DisposeAsync(); // All processes end with it.
        await Task.WhenAll(pods.Select(pod => pod.EndedAsync()));
        _syncing.Dispose();
    }

    private static string Tell(Pod pod) => $"--- {pod.Name} {pod.Address}, ready: {pod.IsReady}, started again {pod.Restarts} times\n{pod.Log}";

    private List<Pod> Pods(bool? isWorker = null)
    {
        lock (_lock)
        {
            return [.. _pods.Where(pod => isWorker is null || pod.Workload.IsWorker == isWorker)];
        }
    }

    private async Task<PodPlace> PlaceAsync(string space, IDictionary<string, string> labels, string name, string? service)
    {
        var place = await PodPlace.MakeAsync(_machine, new Peer(space, labels, new Addresses(Interlocked.Increment(ref _number))), name, _families, service);
        lock (_lock)
        {
            _places.Add(place);
        }

        await SyncAsync();
        return place;
    }

    /// <summary>Names and filters, as who is there and ready has changed.</summary>
    private async Task SyncAsync()
    {
        await _syncing.WaitAsync();
        try
        {
            List<PodPlace> places;
            lock (_lock)
            {
                places = [.. _places];
            }

            await _machine.AnswerAsync(Records());
            List<Peer> peers = [.. places.Select(place => place.Peer), new Peer("kube-system", new Dictionary<string, string>(), Machine.Dns)];
            await Task.WhenAll(places.Select(place => place.FilterAsync(NetworkFilter.Of(place.Peer, [.. _manifests.NetworkPolicies], peers))));
        }
        finally
        {
            _syncing.Release();
        }
    }

    // Services are of one family: that of a pod's first address.
    private IEnumerable<string> Records() =>
        from service in _manifests.Of<V1Service>()
        from pod in Pods()
        where Manifests.Selects(new V1LabelSelector { MatchLabels = service.Spec.Selector }, pod.Peer.Labels)
        where pod.IsReady || service.Spec.PublishNotReadyAddresses == true
        let name = $"{service.Metadata.Name}.{Space}.svc.cluster.local"
        from record in service.Spec.ClusterIP == "None" && !pod.Workload.IsWorker ? new[] { $"{pod.Address} {name}", $"{pod.Address} {pod.Name}.{name}" } : [$"{pod.Address} {name}"]
        select record;
}
