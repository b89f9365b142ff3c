using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Operators change their own jobs alone, and a stream goes on no longer than its token holds.</summary>
internal sealed class OwnershipInterceptor(IJobStore store, Gatekeeper gate) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (Principal.AccessOf(context).OwnJobs && Principal.Of(context) is { Role: Role.Operator } caller)
        {
            await RequireOwnAsync(JobOf((IMessage)request), caller);
        }

        return await continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        continuation(request, new CheckedWriter<TResponse>(responseStream, gate, Principal.SecretOf(context)), context);

    private static string JobOf(IMessage request) =>
        request is UpdateJobRequest update ? update.Job?.Id ?? "" : (string)request.Descriptor.FindFieldByName("id").Accessor.GetValue(request);

    private async Task RequireOwnAsync(string id, Principal caller)
    {
        if (await store.FindAsync(id) is { } row && row.Creator != caller.User)
        {
            throw ApiErrors.JobOfAnother(
                $"Job {id} is {(row.Creator.Length > 0 ? $"{row.Creator}'s" : "nobody's")}: an operator, as {caller.User} is, changes his own jobs alone. Ask {(row.Creator.Length > 0 ? $"{row.Creator} or " : "")}an admin.");
        }
    }

    /// <summary>Every stream shows from time to time that it lives, so one whose token was revoked ends soon.</summary>
    private sealed class CheckedWriter<T>(IServerStreamWriter<T> writer, Gatekeeper gate, string secret) : IServerStreamWriter<T>
    {
        public WriteOptions? WriteOptions
        {
            get => writer.WriteOptions;
            set => writer.WriteOptions = value;
        }

        public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

        public async Task WriteAsync(T message, CancellationToken cancellationToken)
        {
            await gate.RequireStillAsync(secret, cancellationToken);
            await writer.WriteAsync(message, cancellationToken);
        }
    }
}
