using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Trainer.Coordinator.Http;

/// <summary>
/// Calls this coordinator's own job API for whoever came by HTTP, with the headers that they sent: one check of tokens, one of requests, and one set of errors serve both.
/// </summary>
/// <param name="address">Known once the server has started.</param>
internal sealed class ApiCalls(Func<Uri> address) : IDisposable
{
    private static readonly string[] Forwarded = ["authorization", "trainer-user"];

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    private readonly Lazy<GrpcChannel> _channel = new(() => GrpcChannel.ForAddress(address(), new GrpcChannelOptions { MaxReceiveMessageSize = null }));

    public async Task<IMessage> CallAsync(MethodDescriptor method, IMessage request, HttpContext http)
    {
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + AnswerWithin;
        using var call = _channel.Value.CreateCallInvoker().AsyncUnaryCall(Method(method, MethodType.Unary), null, Options(http, deadline), request);
        return await call;
    }

    public AsyncServerStreamingCall<IMessage> Stream(MethodDescriptor method, IMessage request, HttpContext http) =>
        _channel.Value.CreateCallInvoker().AsyncServerStreamingCall(Method(method, MethodType.ServerStreaming), null, Options(http, deadline: null), request);

    public void Dispose()
    {
        if (_channel.IsValueCreated)
        {
            _channel.Value.Dispose();
        }
    }

    private static Method<IMessage, IMessage> Method(MethodDescriptor method, MethodType type) =>
        new(type, method.Service.FullName, method.Name, Marshaller(method.InputType), Marshaller(method.OutputType));

    private static Marshaller<IMessage> Marshaller(MessageDescriptor type) => Marshallers.Create(message => message.ToByteArray(), bytes => type.Parser.ParseFrom(bytes));

    private static CallOptions Options(HttpContext http, DateTime? deadline)
    {
        var headers = new Metadata();
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
