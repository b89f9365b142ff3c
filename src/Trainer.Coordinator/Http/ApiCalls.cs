using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using Trainer.Coordinator.Api;

namespace Trainer.Coordinator.Http;

/// <summary>
/// Calls this coordinator's own job API for whoever came by HTTP, with the headers that they sent: one check of tokens, one of requests, and one set of errors serve both.
/// </summary>
/// <param name="address">Known once the server has started.</param>
/// <param name="tls">How its own server is known; null: it speaks in clear.</param>
internal sealed class ApiCalls(Func<Uri> address, SslClientAuthenticationOptions? tls) : IDisposable
{
    private static readonly Marshaller<byte[]> AsTheyAre = Marshallers.Create(bytes => bytes, bytes => bytes);

    private static readonly string[] Forwarded = ["authorization", "trainer-user", .. TraceInterceptor.Headers];

    private const string ProofHeader = "trainer-own-call";

    private const string ClientHeader = "trainer-client";

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    // That a call comes from here.
    private readonly string _proof = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    private readonly Lazy<GrpcChannel> _channel = new(() => GrpcChannel.ForAddress(address(), new GrpcChannelOptions { MaxReceiveMessageSize = null, HttpHandler = Handler(tls), DisposeHttpClient = true }));

    public async Task<IMessage> CallAsync(MethodDescriptor method, IMessage request, HttpContext http)
    {
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + AnswerWithin;
        using var call = _channel.Value.CreateCallInvoker().AsyncUnaryCall(Method(method, MethodType.Unary), null, Options(http, deadline), request);
        return await call;
    }

    public AsyncServerStreamingCall<IMessage> Stream(MethodDescriptor method, IMessage request, HttpContext http) =>
        _channel.Value.CreateCallInvoker().AsyncServerStreamingCall(Method(method, MethodType.ServerStreaming), null, Options(http, deadline: null), request);

    /// <summary>The same, whose messages are left as they come over the wire.</summary>
    public AsyncServerStreamingCall<byte[]> StreamBytes(MethodDescriptor method, IMessage request, HttpContext http) => _channel.Value.CreateCallInvoker().AsyncServerStreamingCall(
        new Method<IMessage, byte[]>(MethodType.ServerStreaming, method.Service.FullName, method.Name, Marshaller(method.InputType), AsTheyAre), null, Options(http, deadline: null), request);

    /// <summary>Whether this process makes the call, for whoever came by HTTP.</summary>
    public bool IsOwn(HttpContext http) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(http.Request.Headers[ProofHeader].ToString()), Encoding.UTF8.GetBytes(_proof));

    /// <summary>The address that a call comes from in the end.</summary>
    public string ClientOf(HttpContext http) => IsOwn(http) ? http.Request.Headers[ClientHeader].ToString() : http.Connection.RemoteIpAddress?.ToString() ?? "";

    public void Dispose()
    {
        if (_channel.IsValueCreated)
        {
            _channel.Value.Dispose();
        }
    }

    // A connection carries 100 calls, streams among them: beyond that there is another. No proxy is to see tokens on their way to the process itself. Whose trace a call belongs to, its caller says, and not this process.
    private static SocketsHttpHandler Handler(SslClientAuthenticationOptions? tls)
    {
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false, ActivityHeadersPropagator = null };
        if (tls is not null)
        {
            handler.SslOptions = tls;
        }

        return handler;
    }

    private static Method<IMessage, IMessage> Method(MethodDescriptor method, MethodType type) =>
        new(type, method.Service.FullName, method.Name, Marshaller(method.InputType), Marshaller(method.OutputType));

    private static Marshaller<IMessage> Marshaller(MessageDescriptor type) => Marshallers.Create(message => message.ToByteArray(), bytes => type.Parser.ParseFrom(bytes));

    private CallOptions Options(HttpContext http, DateTime? deadline)
    {
        var headers = new Metadata { { ProofHeader, _proof }, { ClientHeader, ClientOf(http) } };
        foreach (var name in Forwarded)
        {
            if (http.Request.Headers.TryGetValue(name, out var value))
            {
                headers.Add(name, value.ToString());
            }
        }

        return new CallOptions(headers, deadline, http.RequestAborted);
    }
}
