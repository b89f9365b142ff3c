using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Trainer.Client;

/// <summary>What a refusal says beside its text: google.rpc.Status in its trailer, of which ErrorInfo.reason and BadRequest.field_violations are read.</summary>
internal sealed record RefusalDetails(string Reason, IReadOnlyList<FieldFault> Faults)
{
    private const string Trailer = "grpc-status-details-bin";
    private const int StatusDetails = 3;
    private const int ErrorInfoReason = 1;
    private const int BadRequestViolations = 1;

    public static RefusalDetails Of(RpcException refused)
    {
        var (reason, faults) = ("", new List<FieldFault>());
        try
        {
            foreach (var detail in Fields(refused.Trailers.GetValueBytes(Trailer) ?? [], StatusDetails).Select(Any.Parser.ParseFrom))
            {
                switch (Any.GetTypeName(detail.TypeUrl))
                {
                    case "google.rpc.ErrorInfo":
                        reason = Texts(detail.Value.ToByteArray(), ErrorInfoReason).FirstOrDefault("");
                        break;
                    case "google.rpc.BadRequest":
                        faults.AddRange(Fields(detail.Value.ToByteArray(), BadRequestViolations).Select(violation => new FieldFault(Texts(violation, 1).FirstOrDefault(""), Texts(violation, 2).FirstOrDefault(""))));
                        break;
                }
            }
        }
        catch (InvalidProtocolBufferException)
        {
            // Somebody on the way wrote it; the status itself stands.
        }

        return new RefusalDetails(reason, faults);
    }

    private static IEnumerable<string> Texts(byte[] message, int number) => Fields(message, number).Select(System.Text.Encoding.UTF8.GetString);

    // The values of a field of bytes, text or messages.
    private static List<byte[]> Fields(byte[] message, int number)
    {
        var (values, input) = (new List<byte[]>(), new CodedInputStream(message));
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == WireFormat.MakeTag(number, WireFormat.WireType.LengthDelimited))
            {
                values.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return values;
    }
}
