using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Trainer.Coordinator.Http;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Hostile;

/// <summary>
/// Inputs that mean harm, drawn from a seed that every failure shows: none crashes a coordinator, holds it up, lets it grow, or is answered with INTERNAL or UNKNOWN.
/// TRAINER_HOSTILE_SEED takes another one.
/// </summary>
public sealed class HostileTests : IAsyncLifetime
{
    private const long MostGrowth = 400L << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private static readonly string[] Endings = ["", ".gz", ".npy", ".csv", ".png", ".safetensors", ".zip"];

    private readonly TemporaryFolder _folder = new();
    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("TRAINER_HOSTILE_SEED"), out var seed) ? seed : 20261129;
    private readonly WrittenLog _log = new();
    private TestCoordinator _coordinator = null!;
    private HttpClient _http = null!;
    private JobSpec _spec = null!;

    private static IReadOnlyList<MethodDescriptor> Calls { get; } =
        [.. new[] { Protos.JobService.Descriptor, Protos.WorkerService.Descriptor, Protos.SystemService.Descriptor, Protos.TokenService.Descriptor, Protos.DataSetService.Descriptor, Protos.SessionService.Descriptor, Protos.PictureService.Descriptor }.SelectMany(service => service.Methods)];

    public async ValueTask InitializeAsync()
    {
        _spec = SmallData.Spec(_folder.Path);
        _coordinator = await TestCoordinator.StartAsync(_folder.Path, loggers: _log, change: options => options with { MetricsOpen = true });
        await _coordinator.AwaitWorkersAsync(0);
        _http = new HttpClient { BaseAddress = new Uri(_coordinator.Http), Timeout = Longest };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _coordinator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public Task Five_hundred_inputs() => TryAsync(500);

    [Fact]
    [Trait("Category", "Long")]
    public Task Ten_thousand_inputs() => TryAsync(10_000);

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_hundred_megabytes_are_refused_by_their_size()
    {
        var file = Path.Combine(_folder.Path, "large.yaml");
        await File.WriteAllTextAsync(file, new string('a', 100 << 20));
        Assert.Contains("a job file has at most 1048576", Assert.Throws<JobFileException>(() => JobFile.Read(file)).Message, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = new StringContent($"{{\"spec\":{{\"name\":\"{new string('a', 100 << 20)}\"}}}}") };
        request.Headers.ExpectContinue = true; // It is refused by its length, before it is sent.
        using var created = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, created.StatusCode);
        Assert.Contains("body: must have 4194304 bytes at most (--limit message-bytes=N of the coordinator)", await created.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var error = await Api.ApiCalls.FailsAsync(
            _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = new JobSpec { Name = new string('a', 5 << 20) } }), StatusCode.ResourceExhausted, "REQUEST_TOO_LARGE");
        Assert.Equal("The request has more than 4194304 bytes (--limit message-bytes=N of the coordinator).", error.Status.Detail);
        await AssertServesAsync();
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Gzip_bombs_in_parallel_are_refused_unread()
    {
        var bomb = HostileFiles.GzipBomb(1024);
        var before = Process.GetCurrentProcess().WorkingSet64;
        var since = Stopwatch.StartNew();
        var refused = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            var spec = _spec.Clone();
            spec.Data.Idx.TrainImages = Path.Combine(_folder.Path, $"bomb-{i}.gz");
            await File.WriteAllBytesAsync(spec.Data.Idx.TrainImages, bomb);
            return (await Assert.ThrowsAsync<RpcException>(() => _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }).ResponseAsync)).StatusCode;
        }));
        Assert.All(refused, status => Assert.Equal(StatusCode.InvalidArgument, status));
        Assert.True(since.Elapsed < Longest, $"{since.Elapsed}");
        Assert.InRange(Process.GetCurrentProcess().WorkingSet64 - before, long.MinValue, MostGrowth);
    }

    private async Task TryAsync(int inputs)
    {
        TestContext.Current.SendDiagnosticMessage($"TRAINER_HOSTILE_SEED={_seed}");
        var right = await File.ReadAllBytesAsync(Repository.File("examples/lenet-layers.yaml"));
        foreach (var bytes in HostileFiles.JobFiles(right))
        {
            ReadJobFile(bytes, "as it is");
        }

        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < inputs; i++)
        {
            var values = new HostileValues(new Random(HashCode.Combine(_seed, i)));
            var what = $"TRAINER_HOSTILE_SEED={_seed}, input {i}";
            var since = Stopwatch.StartNew();
            switch (i % 8)
            {
                case 0 or 1:
                    ReadJobFile(values.Spoil(right), what);
                    break;
                case 2 or 3:
                    await CallAsync(values, what);
                    break;
                case 4 or 5:
                    await AskAsync(values, what);
                    break;
                case 6:
                    await SubmitFileAsync(values, what);
                    break;
                default:
                    Knock(values, new Uri(values.Next(2) == 0 ? _coordinator.Http : _coordinator.Web.Grpc));
                    break;
            }

            Assert.True(since.Elapsed < Longest, $"{what} took {since.Elapsed}");
        }

        await AssertServesAsync();
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MostGrowth);
        Assert.DoesNotContain(_log.All, line => line.Level >= LogLevel.Error && line.Category.StartsWith("Trainer", StringComparison.Ordinal));
    }

    private async Task AssertServesAsync()
    {
        Assert.Equal(JobState.Queued, (await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = _spec })).State);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("/readyz")).StatusCode);
    }

    private void ReadJobFile(byte[] bytes, string what)
    {
        var file = Path.Combine(_folder.Path, "job.yaml");
        File.WriteAllBytes(file, bytes);
        try
        {
            _ = JobFile.Read(file);
        }
        catch (JobFileException)
        {
            // What it is for.
        }
        catch (Exception e)
        {
            Assert.Fail($"{what}: {e}");
        }
    }

    private async Task CallAsync(HostileValues values, string what)
    {
        var call = values.Pick(Calls);
        var right = values.Message(call.InputType).ToByteArray();
        var request = values.Next(3) switch { 0 => right, 1 => values.Spoil(right), _ => call.Name == "CreateJob" ? values.Spoil(new CreateJobRequest { Spec = _spec }.ToByteArray()) : right };
        var bytes = Marshallers.Create(value => value, value => value);
        using var enough = new CancellationTokenSource(call.IsServerStreaming ? TimeSpan.FromSeconds(0.3) : Longest);
        try
        {
            var invoker = _coordinator.WithToken(TestCoordinator.Token);
            if (call.IsServerStreaming)
            {
                using var stream = invoker.AsyncServerStreamingCall(
                    new Method<byte[], byte[]>(MethodType.ServerStreaming, call.Service.FullName, call.Name, bytes, bytes), null, new CallOptions(cancellationToken: enough.Token), request);
                while (await stream.ResponseStream.MoveNext(enough.Token))
                {
                }
            }
            else
            {
                await invoker.AsyncUnaryCall(new Method<byte[], byte[]>(MethodType.Unary, call.Service.FullName, call.Name, bytes, bytes), null, new CallOptions(cancellationToken: enough.Token), request);
            }
        }
        catch (RpcException refused)
        {
            Assert.False(refused.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss, $"{what}: {call.FullName}: {refused.Status}");
        }
        catch (OperationCanceledException) when (call.IsServerStreaming)
        {
            // It would go on.
        }
    }

    private async Task AskAsync(HostileValues values, string what)
    {
        var route = values.Pick(HttpRoutes.All.Where(route => !route.Method.IsServerStreaming).ToList());
        var path = Regex.Replace(route.Pattern, @"\{[^}]*\}", _ => Uri.EscapeDataString(values.Text() is { Length: > 0 and < 2000 } text ? text : "x"), RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        var fields = route.Method.InputType.Fields.InFieldNumberOrder().ToList();
        var query = string.Join('&', Enumerable.Range(0, values.Next(4)).Select(_ => $"{Uri.EscapeDataString(fields.Count > 0 ? values.Pick(fields).Name : "x")}={Uri.EscapeDataString(Short(values))}"));
        using var request = new HttpRequestMessage(new HttpMethod(route.Verb), $"{path}?{query}");
        if (route.Body.Length > 0)
        {
            var json = Json(values.Message(route.Method.InputType));
            request.Content = new ByteArrayContent(values.Next(3) switch { 0 => values.Bytes(3000), 1 => values.Spoil(json), _ => json });
        }

        using var response = await _http.SendAsync(request);
        Assert.True(response.StatusCode is < HttpStatusCode.InternalServerError or HttpStatusCode.NotImplemented or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
            $"{what}: {request.Method} {request.RequestUri}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    // A job whose data or weights are spoilt.
    private async Task SubmitFileAsync(HostileValues values, string what)
    {
        var spec = _spec.Clone();
        var file = Path.Combine(_folder.Path, $"spoilt{values.Pick(Endings)}");
        var right = await File.ReadAllBytesAsync(_spec.Data.Idx.TrainLabels);
        var content = values.Next(5) switch
        {
            0 => values.Spoil(right),
            1 => values.Spoil(HostileFiles.Gzip(right)),
            2 => [0x93, .. "NUMPY"u8, 1, 0, .. values.Bytes(300)],
            3 => [.. BitConverter.GetBytes(values.Next(2) == 0 ? long.MaxValue : values.Next(5000)), .. Encoding.UTF8.GetBytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,-1,99999999999],\"data_offsets\":[0,18446744073709551615]}}")],
            _ => values.Bytes(4000),
        };
        await File.WriteAllBytesAsync(file, content);
        switch (values.Next(6))
        {
            case 0:
                spec.Data = new Data { Npy = new NpyFiles { TrainX = file, TrainY = file } };
                break;
            case 1:
                spec.Data = new Data { Csv = new CsvFiles { Train = file } };
                break;
            case 2:
                spec.Data = new Data { ImageFolder = new ImageFolder { Path = values.Next(2) == 0 ? file : _folder.Path } };
                break;
            case 3:
                spec.Training.Init = new Init { Weights = file };
                break;
            case 4:
                spec.Data.Idx.TestImages = file;
                break;
            default:
                spec.Data.Idx.TrainLabels = file;
                break;
        }

        try
        {
            await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec, ValidateOnly = true }, deadline: DateTime.UtcNow + Longest);
        }
        catch (RpcException refused)
        {
            Assert.True(refused.StatusCode == StatusCode.InvalidArgument, $"{what}: {Path.GetFileName(file)} in {spec.Data}: {refused.Status}");
        }
    }

    // No protocol at all, or the beginning of one; the connection is left as it is, or reset.
    private static void Knock(HostileValues values, Uri port)
    {
        byte[][] beginnings = [[], [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8], [.. "GET /v1/jobs HTTP/1.1\r\nHost: x\r\n"u8], [.. "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n"u8], [0x16, 3, 1, 2, 0, 1]];
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(values.Next(2) == 0, 0) };
        socket.Connect(port.Host, port.Port);
        try
        {
            socket.Send([.. values.Pick(beginnings), .. values.Bytes(5000)]);
        }
        catch (SocketException)
        {
            // It has been closed already.
        }
    }

    private static byte[] Json(IMessage message)
    {
        try
        {
            return Encoding.UTF8.GetBytes(ProtoJson.Line(ProtoJson.Compact(message)));
        }
        catch (InvalidOperationException)
        {
            return [.. "{\"expire_time\":\"9999-99-99T99:99:99Z\"}"u8]; // A time that is none has no JSON.
        }
    }

    private static string Short(HostileValues values) => values.Text() is { Length: < 500 } text ? text : "9";
}
