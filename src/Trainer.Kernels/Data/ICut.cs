namespace Trainer.Kernels.Data;

/// <summary>A transform that begins by cutting a part out of a picture: where it is the first one, nobody needs the rest.</summary>
internal interface ICut
{
    /// <summary>The part, by the whole picture's size.</summary>
    Area PartOf(int height, int width, ref Draws draws);

    /// <summary>What comes behind the cut.</summary>
    void ApplyToPart(PictureWork work);
}
