using System.Net;
using System.Net.Sockets;
using System.Text;
using Amazon.Runtime;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Tests.Artifacts;

/// <summary>Uploads in parts that never came to an end. s3rver cannot list them, so here a server answers with what Amazon's documentation shows.</summary>
public sealed class S3SweepTests : IDisposable
{
    private const string Uploads = """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
          <Bucket>training</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated>
          <Upload><Key>jobs/j-1/model.safetensors</Key><UploadId>old</UploadId><StorageClass>STANDARD</StorageClass><Initiated>2026-01-31T11:00:00.000Z</Initiated></Upload>
          <Upload><Key>jobs/j-2/model.safetensors</Key><UploadId>new</UploadId><StorageClass>STANDARD</StorageClass><Initiated>2026-01-31T13:00:00.000Z</Initiated></Upload>
        </ListMultipartUploadsResult>
        """;

    private readonly HttpListener _server = new();
    private readonly string _endpoint;
    private readonly List<string> _asked = [];

    public S3SweepTests()
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        _endpoint = $"http://127.0.0.1:{((IPEndPoint)port.LocalEndpoint).Port}/";
        port.Stop();
        _server.Prefixes.Add(_endpoint);
        _server.Start();
        _ = AnswerAsync();
    }

    public void Dispose() => _server.Close();

    [Fact]
    public void Those_begun_before_are_aborted()
    {
        using var stores = new ArtifactStores(() => new S3Access(_endpoint.TrimEnd('/')).Connect(new BasicAWSCredentials("a", "b")));
        stores.Open("s3://training/jobs").SweepUnfinished(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));

        Assert.Equal(2, _asked.Count);
        Assert.Matches("^GET /training/?[?].*prefix=jobs%2F", _asked[0]);
        Assert.Matches("^DELETE /training/jobs/j-1/model.safetensors[?].*uploadId=old", _asked[1]);
    }

    private async Task AnswerAsync()
    {
        while (_server.IsListening)
        {
            var context = await _server.GetContextAsync();
            _asked.Add($"{context.Request.HttpMethod} {context.Request.RawUrl}");
            if (context.Request.HttpMethod == "GET")
            {
                context.Response.ContentType = "application/xml";
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(Uploads));
            }
            else
            {
                context.Response.StatusCode = (int)HttpStatusCode.NoContent;
            }

            context.Response.Close();
        }
    }
}
