using System.Net;
using System.Text;
using Amazon.Runtime;

namespace Trainer.Hosting.Tests.Artifacts;

/// <summary>A pod whose service account has a role of a cloud finds AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, and trades its token for credentials.</summary>
public sealed class RoleOfAPodTests
{
    private const string Role = "arn:aws:iam::123456789012:role/trainer";

    [Fact]
    public async Task A_token_is_traded_for_credentials()
    {
        var (token, port) = (Path.GetTempFileName(), FreePort());
        using var listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        try
        {
            await File.WriteAllTextAsync(token, "pods-own", CancellationToken.None);
            listener.Start();
            var served = ServeAsync(listener);
            Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_STS", $"http://127.0.0.1:{port}"); // Nothing else reads it.

            using var role = new AssumeRoleWithWebIdentityCredentials(token, Role, "trainer");
            var got = await role.GetCredentialsAsync();

            Assert.Equal(("ASIA7", "secret", "session"), (got.AccessKey, got.SecretKey, got.Token));
            var asked = await served;
            Assert.Contains("Action=AssumeRoleWithWebIdentity", asked, StringComparison.Ordinal);
            Assert.Contains("WebIdentityToken=pods-own", asked, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_STS", null);
            File.Delete(token);
        }
    }

    private static async Task<string> ServeAsync(HttpListener listener)
    {
        var call = await listener.GetContextAsync();
        using var reader = new StreamReader(call.Request.InputStream);
        var asked = await reader.ReadToEndAsync();
        call.Response.ContentType = "text/xml";
        await call.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes("""
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
            <AccessKeyId>ASIA7</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2126-11-30T12:00:00Z</Expiration>
            </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
            """));
        call.Response.Close();
        return asked;
    }

    private static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
