"""The bot of ``graphchat demo``: a little of everything."""

from datetime import timedelta

from PIL import Image, ImageDraw

from graphchat_bots import Bot, Ctx, Message, Reply, Rest

bot = Bot("demo", about="I show what a bot can do. Say something, or try a command.")


@bot.message()
async def echo(msg: Message) -> str:
    return msg.text or "A nice picture."


@bot.command(aliases=["r"])
async def remind(ctx: Ctx, when: timedelta, text: Rest) -> str:
    """Remind you of something, for example /remind 5s tea."""
    await ctx.later(when, ring, text)
    return f"OK, in {spoken(when)}."


@bot.job
async def ring(ctx: Ctx, text: str) -> str:
    return f"Reminder: {text}"


@bot.command()
async def picture(ctx: Ctx) -> Reply:
    """Draw a picture."""
    return Reply("Drawn for you just now.", image=draw(ctx.now().minute))


def spoken(span: timedelta) -> str:
    """Say a time in words."""
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}{'s' * (seconds > size)}"
    return f"{span.total_seconds():g} second{'s' * (span.total_seconds() != 1)}"


def draw(seed: int) -> Image.Image:
    """Draw hills under a sun; each minute has its own."""
    canvas = Image.new("RGB", (320, 200), (200, 225, 255))
    pen = ImageDraw.Draw(canvas)
    x = 30 + seed * 4
    pen.ellipse((x, 25, x + 50, 75), fill=(255, 200, 60))
    for depth, colour in enumerate(((150, 190, 140), (100, 150, 100), (50, 105, 70))):
        left = -90 + (seed * 7 + depth * 97) % 120
        for step in range(3):
            centre = left + step * 190
            top = 110 + depth * 28
            pen.ellipse((centre, top, centre + 260, top + 200), fill=colour)
    return canvas


if __name__ == "__main__":
    bot.run()
