"""The request that does what a command of the live channel does, by the command's type.

Made from the declarations of the commands by `./scripts/check --fix`: edit them there.
The body has the fields of the message that are not in the path, but for its `key`: that
is the header `Idempotency-Key`.
"""

REQUESTS = {
    "card.open": "POST /api/v1/broadcasts/{broadcast}/offers/{offer}/taps",
    "card.pin": "PUT /api/v1/broadcasts/{broadcast}/pinned",
    "card.unpin": "DELETE /api/v1/broadcasts/{broadcast}/pinned",
    "chat.answer": "PUT /api/v1/broadcasts/{broadcast}/answer",
    "chat.clear": "DELETE /api/v1/broadcasts/{broadcast}/answer",
    "chat.drop": "DELETE /api/v1/broadcasts/{broadcast}/questions/{message}",
    "chat.hide": "DELETE /api/v1/broadcasts/{broadcast}/messages/{message}",
    "chat.mute": "POST /api/v1/broadcasts/{broadcast}/mutes",
    "chat.queue": "PUT /api/v1/broadcasts/{broadcast}/questions/{message}",
    "chat.say": "POST /api/v1/broadcasts/{broadcast}/messages",
    "chat.unmute": "DELETE /api/v1/broadcasts/{broadcast}/mutes/{mute}",
    "flash.end": "POST /api/v1/broadcasts/{broadcast}/flashes/{flash}/end",
    "flash.plan": "POST /api/v1/broadcasts/{broadcast}/flashes",
    "hold.drop": "DELETE /api/v1/broadcasts/{broadcast}/holds/{order}",
    "hold.place": "POST /api/v1/broadcasts/{broadcast}/holds",
    "offer.change": "PATCH /api/v1/broadcasts/{broadcast}/offers/{offer}",
    "offer.correct": "POST /api/v1/broadcasts/{broadcast}/offers/{offer}/corrections",
    "offer.release": "POST /api/v1/broadcasts/{broadcast}/offers/{offer}/releases",
    "order.place": "POST /api/v1/broadcasts/{broadcast}/orders",
    "react": "POST /api/v1/broadcasts/{broadcast}/reactions",
    "source.switch": "PUT /api/v1/broadcasts/{broadcast}/on-air",
    "wait.join": "PUT /api/v1/broadcasts/{broadcast}/waits/{offer}",
    "wait.leave": "DELETE /api/v1/broadcasts/{broadcast}/waits/{offer}",
}
