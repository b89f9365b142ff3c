using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Writes down what calls change, with what came of each.</summary>
internal sealed class AuditInterceptor(AuditLog log) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (!Principal.AccessOf(context).Changes)
        {
            return await continuation(request, context);
        }

        var (subject, result) = (AuditLog.Subject((IMessage)request), StatusCode.Unknown);
        try
        {
            var response = await continuation(request, context);
            subject = response switch
            {
                Job job when request is CreateJobRequest or VerifyJobRequest => job.Id,
                SignInResponse signedIn => signedIn.Session.User,
                _ => subject,
            };
            result = StatusCode.OK;
            return response;
        }
        catch (RpcException refused)
        {
            result = refused.StatusCode;
            throw;
        }
        catch (OperationCanceledException)
        {
            result = StatusCode.Cancelled;
            throw;
        }
        finally
        {
            log.Write(Principal.Of(context).Audit(Principal.ClientOf(context), context.Method, subject, $"{result}"));
        }
    }
}
