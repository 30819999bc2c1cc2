"""Describes refused requests in words, from the pattern of a URL or the type of a message, as the
audit log stores them. Pure.
"""

import re

from farmlive.pages.audit.sentences import Both

_Area = tuple[str, Both, Both]


def _act(pattern: str, en: str, zh: str) -> _Area:
    """Return the same actions for every method."""
    return pattern, (en, zh), (en, zh)


# The subject of a URL or of a channel message: the first pattern that is found in
# it decides. Then what looking at it is, and what changing it.
_AREAS: tuple[_Area, ...] = (
    _act(r"/audit\.csv", "download the log", "下载操作记录"),
    (r"/audit\b", ("open the log", "查看操作记录"), ("change the log", "修改操作记录")),
    _act(r"/person/search", "look a buyer's data up", "查找买家的信息"),
    _act(r"/person/exports|/orders/\{token\}/exports", "download a buyer's data", "下载买家的信息"),
    _act(r"/person/erasures|/orders/\{token\}/erasures", "erase a buyer's data", "删除买家的信息"),
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
    _act(r"on-air|source\.switch", "put a camera on air", "切换播出的机位"),
    _act(r"/whip\b|/guests/\{token\}", "send from a camera", "推流"),
    (
        r"stream-keys|/sources\b|/guests?\b|/health\b|on-air|source\.",
        ("see the cameras of a broadcast", "查看直播的机位"),
        ("change the cameras or guests of a broadcast", "更改直播的机位或嘉宾"),
    ),
    (
        r"/claims\b",
        ("see buyers' claims", "查看售后"),
        ("answer a claim", "答复售后"),
    ),
    _act(r"orders/\{paper\}", "print orders", "打印订单"),
    _act(r"orders\.\{form\}", "download orders", "下载订单"),
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
    _act(r"/orders/(find|search)\b", "search for orders", "查找订单"),
    _act(r"/refunds?\b", "refund an order", "给订单退款"),
    _act(r"/orders/\{\w+\}/payments?\b", "mark an order as paid", "把订单记为已付款"),
    _act(r"^/\S*/orders/\S+/cancel|/cancellation\b", "cancel an order", "取消订单"),
    _act(
        r"/moves\b|/state\b|/back\b|transitions\b", "change what an order stands at", "更改订单状态"
    ),
    _act(r"/holds\b|hold\.", "hold stock", "留货"),
    _act(r"/waits\b|wait\.", "join or leave a waiting list", "加入或退出排队"),
    _act(r"order\.place", "place an order", "下单"),
    (
        r"/orders?\b|order\.",
        ("see orders", "查看订单"),
        ("place or change an order", "下单或更改订单"),
    ),
    _act(r"chat\.say", "write in the chat", "发言"),
    _act(r"chat\.hide", "hide a message", "隐藏留言"),
    _act(r"chat\.unmute", "let a muted viewer write again", "解除禁言"),
    _act(r"chat\.mute", "mute a viewer", "禁言观众"),
    (
        r"/mutes\b|/chat\b|chat\.",
        ("see who is muted", "查看禁言名单"),
        ("mute a viewer or hide a message, or take that back", "禁言观众、隐藏留言或撤回"),
    ),
    _act(r"card\.pin|/pinned\b", "put an offer on the screen", "把商品上屏"),
    _act(r"card\.unpin", "take an offer off the screen", "把商品下屏"),
    _act(r"offer\.release|/releases\b", "release stock", "放货"),
    _act(r"offer\.(change|correct)", "change a price", "改价"),
    _act(r"flash\.", "plan, start or end a flash batch", "安排、开始或结束限时抢购"),
    (
        r"/offers\b|/bag\b|/flashes\b|/pinned\b|/cards?\b|offer\.|card\.|flash\.|bag\.",
        ("see the bag of a broadcast", "查看直播的购物袋"),
        ("change the bag, a price or stock", "更改购物袋、价格或库存"),
    ),
    _act(r"/sheets/", "download a sheet of a broadcast", "下载直播的表格"),
    _act(r"/lists/", "open a list of a broadcast", "打开直播的清单"),
    (
        r"/review\b",
        ("see what a broadcast sold", "查看直播销售"),
        ("change what a broadcast sold", "更改直播销售"),
    ),
    _act(r"/broadcasts/\{\w+\}/start\b", "start a broadcast", "开播"),
    _act(r"/broadcasts/\{\w+\}/end\b", "end a broadcast", "结束直播"),
    _act(r"/whep\b", "watch a broadcast", "观看直播"),
    (
        r"/broadcasts\b|/live\b|/studio/new|/studio/\{broadcast\}",
        ("open a broadcast", "打开直播"),
        ("prepare or change a broadcast", "筹备或修改直播"),
    ),
    _act(r"/lifts\b", "lift a stopped lot, or take that back", "解除批次停售或撤回"),
    _act(
        r"/inspections\b",
        "record a test or a certificate, or take it back",
        "记录或撤回检测、合格证",
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
        r"/county\b",
        ("see the county's name and contact", "查看县的名称和联系方式"),
        ("change the county's name, contact or look", "更改县的名称、联系方式或外观"),
    ),
    _act(r"/parsed-addresses\b", "take a pasted address apart", "识别粘贴的地址"),
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
    "shut-out": ("deactivated", "已停用"),
    "wrong-phone-code": ("the code was wrong", "验证码不对"),
}
NOT_THEIRS: Both = ("not allowed for their role", "该角色无此权限")


def describe_attempt(path: str) -> Both:
    """Describe the attempt: `GET /studio/audit`, `channel card.pin`."""
    method, _, pattern = path.partition(" ")
    for compiled, see, change in _COMPILED:
        if compiled.search(pattern):
            return see if method in ("GET", "HEAD") else change
    return _OTHER


def is_known(path: str) -> bool:
    """Return whether there are words for this path."""
    return describe_attempt(path) is not _OTHER
