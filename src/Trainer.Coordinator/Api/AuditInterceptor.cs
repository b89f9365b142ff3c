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

        var (subject, result, detail) = (AuditLog.Subject((IMessage)request), StatusCode.Unknown, "");
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
            (result, detail) = (refused.StatusCode, refused.Status.Detail);
            throw;
        }
        catch (OperationCanceledException)
        {
            result = StatusCode.Cancelled;
            throw;
        }
        finally
        {
            Write(context, subject, result, detail);
        }
    }

    // Whoever is refused without a token may come back without end.
    private void Write(ServerCallContext context, string subject, StatusCode result, string detail)
    {
        var (caller, client) = (Principal.Of(context), Principal.ClientOf(context));
        if (caller.Role == Role.Unspecified && result != StatusCode.OK)
        {
            log.WriteStranger(client, Permissions.Words(context.Method), detail);
        }
        else
        {
            log.Write(caller.Audit(client, context.Method, subject, $"{result}") with { Job = TraceInterceptor.IsOfJobs(context) && subject.Length > 0 ? subject : null });
        }
    }
}
