"""What somebody tried who was refused, in words: from the pattern of an address or the type of a
message, as the audit list keeps it. Pure.
"""

import re

from farmlive.pages.audit_sentences import Both

# What an address, or a message of the live channel, is about: the first pattern that is found in
# it decides. Then what looking at it is, and what changing it.
_AREAS: tuple[tuple[str, Both, Both], ...] = (
    (r"/audit\.csv", ("download the log", "下载操作记录"), ("download the log", "下载操作记录")),
    (r"/audit\b", ("open the log", "查看操作记录"), ("change the log", "修改操作记录")),
    (
        r"/person\b|/people/buyers",
        ("open the page of a buyer's data", "查看买家的信息"),
        ("look up, download or erase a buyer's data", "查找、下载或删除买家的信息"),
    ),
    (
        r"/accounts/\{\w+\}/password",
        ("see somebody's password", "查看别人的密码"),
        ("give somebody a new password", "给别人设新密码"),
    ),
    (
        r"/accounts/\{\w+\}/factors",
        ("see somebody's second factor", "查看别人的两步验证"),
        ("reset somebody's second factor", "重置别人的两步验证"),
    ),
    (
        r"/accounts\b",
        ("see the accounts of staff", "查看工作人员账号"),
        ("make or change an account of staff", "新建或修改工作人员账号"),
    ),
    (
        r"/api-keys\b|/credentials\b",
        ("see the keys and links", "查看密钥和链接"),
        ("make, give away or end a key or a link", "生成、转交或收回密钥和链接"),
    ),
    (
        r"/invitations?\b",
        ("see the invitations", "查看邀请"),
        ("invite someone, or take an invitation back", "邀请新人或收回邀请"),
    ),
    (
        r"/blocks\b|/refusals\b|/studio/people",
        ("see who works here and who is blocked", "查看人员和拉黑名单"),
        ("block someone, or lift a block", "拉黑某人或解除拉黑"),
    ),
    (
        r"/sessions?\b|/studio/account",
        ("see their own sign-ins and second factors", "查看自己的登录和两步验证"),
        ("change their own password or second factors", "修改自己的密码或两步验证"),
    ),
    (
        r"/whip\b|stream-keys|/sources\b|/guests?\b|/health\b|on-air|source\.",
        ("see the cameras of a broadcast", "查看直播的机位"),
        ("send from a camera, or change the cameras of a broadcast", "推流或更改直播的机位"),
    ),
    (
        r"/claims\b",
        ("see buyers' claims", "查看售后"),
        ("answer a claim", "答复售后"),
    ),
    (
        r"orders/\{paper\}|orders\.\{form\}|slips|labels",
        ("print or download orders", "打印或下载订单"),
        ("print or download orders", "打印或下载订单"),
    ),
    (
        r"/handovers?\b",
        ("open the hand-over of orders", "打开订单交付页面"),
        ("look an order up, or hand it over", "查找或交付订单"),
    ),
    (
        r"/notices\b",
        ("see messages to buyers", "查看发给买家的消息"),
        ("send a message to a buyer", "给买家发消息"),
    ),
    (
        r"/orders?\b|/holds\b|/waits\b|order\.|hold\.|wait\.",
        ("see orders", "查看订单"),
        ("search for orders, place or change one", "查找、下达或更改订单"),
    ),
    (
        r"/mutes\b|/chat\b|chat\.",
        ("see who is muted", "查看禁言名单"),
        ("write in the chat, hide a message or mute a viewer", "发言、隐藏留言或禁言观众"),
    ),
    (
        r"/offers\b|/bag\b|/flashes\b|/pinned\b|/cards?\b|offer\.|card\.|flash\.|bag\.",
        ("see the bag of a broadcast", "查看直播的购物袋"),
        ("change the bag, a price or stock", "更改购物袋、价格或库存"),
    ),
    (
        r"/review\b",
        ("open or download what a broadcast sold", "查看或下载直播销售"),
        ("change what a broadcast sold", "更改直播销售"),
    ),
    (
        r"/broadcasts\b|/live\b|/studio/new|/studio/\{broadcast\}|/whep\b",
        ("open a broadcast", "打开直播"),
        ("prepare, change, start or end a broadcast", "筹备、修改、开始或结束直播"),
    ),
    (
        r"/lots\b|/plots\b|/farms?\b|/epcis\b|/origin\b",
        ("see a farm, a plot or a lot", "查看农场、地块或批次"),
        ("change a farm, a plot or a lot", "更改农场、地块或批次"),
    ),
    (
        r"/products\b|/pictures\b",
        ("see the products", "查看商品"),
        ("change a product or send a picture", "更改商品或上传图片"),
    ),
    (
        r"/centres\b|/parcel-fees\b|/fees\b",
        ("see the pick-up points and parcel fees", "查看自提点和运费"),
        ("change a pick-up point or what parcels cost", "更改自提点或运费"),
    ),
    (
        r"/metrics\b|/internal\b|/readyz\b",
        ("read the server's numbers", "读取服务器指标"),
        ("do what only servers do", "执行服务器之间的操作"),
    ),
    (
        r"/studio\b",
        ("open a page of the studio", "打开工作台页面"),
        ("use the studio", "使用工作台"),
    ),
)
_COMPILED = [(re.compile(pattern), see, change) for pattern, see, change in _AREAS]
_OTHER: Both = ("do something", "进行某项操作")
# Why, where it is not that the role may not.
WHY: dict[str, Both] = {
    "blocked": ("blocked", "已被拉黑"),
    "cross-site": ("asked by a page of another site", "请求来自其他网站的页面"),
    "csrf": ("the page was out of date", "页面已过期"),
    "muted": ("muted", "已被禁言"),
    "no-password": ("a program has no password", "程序没有密码"),
    "not-to-give": ("it is their own", "属于本人"),
    "other-centre": ("another pick-up point's", "属于别的自提点"),
    "other-farm": ("another farm's", "属于别的农场"),
    "shut-out": ("shut out", "已停用"),
    "wrong-phone-code": ("the code was wrong", "验证码不对"),
}
NOT_THEIRS: Both = ("not allowed for their role", "该角色无此权限")


def tried(path: str) -> Both:
    """What was tried: `GET /studio/audit`, `channel card.pin`."""
    method, _, pattern = path.partition(" ")
    for compiled, see, change in _COMPILED:
        if compiled.search(pattern):
            return see if method in ("GET", "HEAD") else change
    return _OTHER


def is_known(path: str) -> bool:
    """Whether there are words for it."""
    return tried(path) is not _OTHER
