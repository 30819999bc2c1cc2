"""The sentence of each kind of audit entry, in both languages, since a page and the cells of a file
use the same ones.

A sentence has placeholders in braces, which words.py fills: {who} did it, {account}, {order} and
{subject} are the objects. Pure.
"""

from collections.abc import Callable, Mapping
from typing import Any

# English and Chinese.
Both = tuple[str, str]
Detail = Mapping[str, Any]
Sentence = Both | Callable[[Detail], Both]

ROLES: dict[str, Both] = {
    "coordinator": ("Coordinator", "协调员"),
    "host": ("Host", "主播"),
    "moderator": ("Moderator", "场控"),
    "seller": ("Seller", "农户"),
    "clerk": ("Clerk", "自提点人员"),
    "simulator": ("Simulated viewer", "模拟观众"),
}
STATES: dict[str, Both] = {
    "held": ("held", "留货中"),
    "placed": ("placed", "已下单"),
    "packed": ("packed", "已装箱"),
    "shipped": ("shipped", "已发货"),
    "at_centre": ("at the pick-up point", "已到自提点"),
    "received": ("received", "已收货"),
    "cancelled": ("cancelled", "已取消"),
    "expired": ("not ordered in time", "超时未下单"),
}
KNOWN_BY: dict[str, Both] = {
    "known_to_me": ("the buyer is known", "认识本人"),
    "slip": ("by the slip", "凭装箱单"),
    "identity_card": ("by the identity card", "凭身份证"),
    "other": ("known otherwise", "其他方式确认"),
}
FACTORS: dict[str, Both] = {
    "totp": ("by the authenticator app", "用验证器应用"),
    "passkey": ("by a passkey", "用通行密钥"),
    "recovery": ("by a recovery code", "用恢复码"),
}
# How somebody may have details erased who has no role here.
ERASED_BY: dict[str, Both] = {
    "link": ("by its link", "通过订单链接"),
    "code": ("by a code sent to the phone", "通过手机验证码"),
}
MUTED_FOR: dict[str, Both] = {
    "ten_minutes": ("for ten minutes", "10 分钟"),
    "show": ("until the end of the broadcast", "到本场直播结束"),
    "ninety_days": ("for 90 days, in all broadcasts", "90 天，所有直播"),
}
# The names of changed fields.
FIELDS: dict[str, Both] = {
    "address": ("address", "地址"),
    "archived_at": ("whether it is offered", "是否停用"),
    "area_m2": ("area", "面积"),
    "colour": ("colour", "颜色"),
    "contact": ("contact", "联系方式"),
    "crop": ("crop", "作物"),
    "frame": ("picture on the start page", "首页画面"),
    "gs1_prefix": ("GS1 prefix", "GS1 前缀"),
    "gtin": ("GTIN", "商品条码"),
    "latitude": ("place on the map", "地图位置"),
    "longitude": ("place on the map", "地图位置"),
    "mark": ("mark", "标志"),
    "name": ("name", "名称"),
    "net_weight_g": ("net weight", "净重"),
    "note": ("note", "备注"),
    "outline": ("outline", "边界"),
    "person": ("person", "负责人"),
    "person_photo": ("photo of the person", "负责人照片"),
    "phone": ("phone", "电话"),
    "photo": ("photo", "照片"),
    "picture": ("picture", "图片"),
    "place": ("place", "地点"),
    "planted_year": ("year of planting", "种植年份"),
    "starts_at": ("starting time", "开播时间"),
    "story": ("story", "故事"),
    "title": ("title", "标题"),
    "unit": ("unit", "单位"),
}


def _blocked(detail: Detail) -> Both:
    return {
        "phone": ("{who} blocked a phone number", "{who} 拉黑了一个手机号"),
        "device": ("{who} blocked a device", "{who} 拉黑了一台设备"),
        "address": ("{who} blocked an IP address", "{who} 拉黑了一个 IP 地址"),
    }.get(detail.get("kind", ""), ("{who} blocked someone", "{who} 拉黑了某人"))


def _changed_account(detail: Detail) -> Both:
    if detail.get("disabled") is True:
        return "{who} deactivated {account}", "{who} 停用了 {account} 的账号"
    if detail.get("disabled") is False:
        return "{who} reactivated {account}", "{who} 恢复了 {account} 的账号"
    return "{who} changed the account of {account}", "{who} 修改了 {account} 的账号"


def _credential(detail: Detail) -> Both:
    return {
        "api_key": ("the program's key {label}", "程序密钥{label}"),
        "invitation": ("the invitation {label}", "邀请{label}"),
        "guest": ("the guest's link {label}", "嘉宾链接{label}"),
    }.get(detail.get("kind", ""), ("the camera's key {label}", "机位密钥{label}"))


def _renewed(detail: Detail) -> Both:
    what = _credential(detail)
    return f"{{who}} renewed {what[0]}", f"{{who}} 更新了{what[1]}"


def _given(detail: Detail) -> Both:
    what = _credential(detail)
    return (
        f"{{who}} gave {what[0]} to {{account}}, who owns it now",
        f"{{who}} 把{what[1]}交给了 {{account}}",
    )


def _ended(one: Both, many: Both) -> Callable[[Detail], Both]:
    """Return the sentence for one, or for several that ended together, as when their owner is shut
    out.
    """
    return lambda detail: many if isinstance(detail.get("keys"), int) else one


def _erased(detail: Detail) -> Both:
    if detail.get("by") == "role":
        return "{who} erased a buyer's details of {orders}", "{who} 删除了买家在 {orders} 中的信息"
    return "{who} erased the details of {orders}", "{who} 删除了 {orders} 中的信息"


def _flash_ended(detail: Detail) -> Both:
    if "was" in detail:
        return (
            "{who} corrected the wrong price of a flash batch of {offer}",
            "{who} 更正了 {offer} 限时抢购标错的价格",
        )
    return "{who} ended a flash batch of {offer}", "{who} 结束了 {offer} 的限时抢购"


def _flash_planned(detail: Detail) -> Both:
    if detail.get("starts_at"):
        return "{who} planned a flash batch of {offer}", "{who} 预约了 {offer} 的限时抢购"
    return "{who} started a flash batch of {offer}", "{who} 开始了 {offer} 的限时抢购"


def _offer_changed(detail: Detail) -> Both:
    if FIELDS.keys() & detail:
        return "{who} changed {offer}", "{who} 修改了 {offer}"
    return "{who} changed the price of {offer}", "{who} 改了 {offer} 的价格"


def _moved(detail: Detail) -> Both:
    if detail.get("payment"):
        return "{who} marked {orders} as paid", "{who} 把 {orders} 记为已付款"
    return "{who} moved {orders} to “{state}”", "{who} 把 {orders} 改为“{state}”"


def _put_right(detail: Detail) -> Both:
    if detail.get("payment"):
        return "{who} corrected that {order} was paid", "{who} 更正了 {order} 的收款"
    if detail.get("state"):
        return (
            "{who} corrected {order}: “{state}” again",
            "{who} 更正了 {order}：恢复为“{state}”",
        )
    return "{who} undid a refund of {order}", "{who} 撤回了 {order} 的一笔退款或减免"


def _refunded(detail: Detail) -> Both:
    if detail.get("due"):
        return "{who} took {amount} off {order}", "{who} 给 {order} 减免了 {amount}"
    return "{who} refunded {amount} of {order}", "{who} 给 {order} 退款 {amount}"


def _released(detail: Detail) -> Both:
    if detail.get("quantity", 0) < 0:
        return "{who} withdrew stock of {offer}", "{who} 收回了 {offer} 的货"
    return "{who} released stock of {offer}", "{who} 放了 {offer} 的货"


def _searched(detail: Detail) -> Both:
    return {
        "phone": ("{who} searched for a buyer by phone number", "{who} 按电话号码查找了买家"),
        "name": ("{who} searched for a buyer by name", "{who} 按姓名查找了买家"),
    }.get(detail.get("by", ""), ("{who} searched for buyers", "{who} 查找了买家"))


def _failed(detail: Detail) -> Both:
    """Describe a failed sign-in, also several that were counted together, and names that no account
    has.
    """
    if detail.get("name") is None:
        return (
            "Someone failed to sign in: no account has the name that was typed",
            "有人登录失败：输入的名字没有对应的账号",
        )
    if detail.get("by") == "factor":
        return (
            "Someone gave a wrong second factor for the account of {account}",
            "有人用 {account} 的账号做两步验证没有通过",
        )
    return (
        "Someone typed a wrong password for the account of {account}",
        "有人输错了 {account} 的密码",
    )


def _stopped(detail: Detail) -> Both:
    if detail.get("kind") == "test_failed":
        return (
            "{who} stopped {lot} by recording a test that failed",
            "{who} 记了不合格的检测，{lot} 停售",
        )
    return (
        "{who} stopped {lot}, which was picked too soon after a spraying",
        "{who} 记录后，{lot} 因在安全间隔期内采收而停售",
    )


def _work(flowered: Both, sprayed: Both) -> Callable[[Detail], Both]:
    return lambda detail: flowered if detail.get("kind") == "flowered" else sprayed


def _worked(own: Both, other: Both) -> Callable[[Detail], Both]:
    """Return a sentence with a variant `own` for people who did it to their own account."""
    return lambda detail: own if detail.get("own") else other


SENTENCES: dict[str, Sentence] = {
    "account.add": ("{who} made the account of {account}", "{who} 建了 {account} 的账号"),
    "account.change": _changed_account,
    "account.password": _worked(
        ("{who} changed their own password", "{who} 改了自己的密码"),
        ("{who} gave {account} a new password", "{who} 给 {account} 设了新密码"),
    ),
    "bag.arrange": (
        "{who} rearranged the bag of {broadcast}",
        "{who} 调整了 {broadcast} 购物袋的顺序",
    ),
    "block.add": _blocked,
    "block.remove": ("{who} lifted a block", "{who} 解除了一次拉黑"),
    "broadcast.change": ("{who} changed {broadcast}", "{who} 修改了 {broadcast}"),
    "broadcast.create": ("{who} prepared {broadcast}", "{who} 筹备了 {broadcast}"),
    "broadcast.end": ("{who} ended {broadcast}", "{who} 结束了 {broadcast}"),
    "broadcast.start": ("{who} started {broadcast}", "{who} 开播了 {broadcast}"),
    "buyers.search": _searched,
    "card.pin": ("{who} put {offer} on the screen", "{who} 把 {offer} 上屏"),
    "card.unpin": ("{who} took {offer} off the screen", "{who} 把 {offer} 下屏"),
    "centre.add": ("{who} added the pick-up point {subject}", "{who} 添加了自提点 {subject}"),
    "centre.change": ("{who} changed the pick-up point {subject}", "{who} 修改了自提点 {subject}"),
    "chat.answer": ("{who} answered a question of a viewer", "{who} 回复了一位观众的提问"),
    "chat.clear": ("{who} took an answer off the screen", "{who} 撤下了屏幕上的回复"),
    "chat.drop": ("{who} took a question out of the queue", "{who} 从待答列表移除了一个提问"),
    "chat.hide": ("{who} hid a message of a viewer", "{who} 隐藏了一条观众留言"),
    "chat.mute": ("{who} muted a viewer", "{who} 禁言了一位观众"),
    "chat.queue": ("{who} marked a message as a question", "{who} 把一条留言标为待答"),
    "chat.unmute": ("{who} let a muted viewer write again", "{who} 解除了一位观众的禁言"),
    "credential.give": _given,
    "credential.renew": _renewed,
    "factor.add": ("{who} set up a second factor", "{who} 设置了两步验证"),
    "factor.extend": (
        "{who} gave {account} seven more days for a second factor",
        "{who} 为 {account} 的两步验证再宽限了七天",
    ),
    "factor.recovery_codes": ("{who} made new recovery codes", "{who} 生成了新的恢复码"),
    "factor.remove": (
        "{who} removed a second factor of their own",
        "{who} 移除了自己的一种两步验证",
    ),
    "factor.reset": (
        "{who} reset the second factor of {account}",
        "{who} 重置了 {account} 的两步验证",
    ),
    "farm.add": ("{who} added the farm {subject}", "{who} 添加了农场 {subject}"),
    "farm.change": ("{who} changed the farm {subject}", "{who} 修改了农场 {subject}"),
    "county.change": (
        "{who} changed the county's name, contact or look",
        "{who} 修改了县的名称、联系方式或外观",
    ),
    "fees.set": ("{who} set what parcels cost", "{who} 设置了运费"),
    "file.export": lambda detail: (
        ("{who} downloaded {file} with {orders}", "{who} 下载了{file}，含 {orders}")
        if detail.get("named")
        else ("{who} downloaded {file}", "{who} 下载了{file}")
        if "." in detail.get("what", ".")
        else ("{who} opened {file} to print", "{who} 打开了{file}（供打印）")
    ),
    "flash.end": _flash_ended,
    "flash.plan": _flash_planned,
    "guest.add": ("{who} invited the guest {label}", "{who} 邀请了嘉宾{label}"),
    "guest.end": _ended(
        ("{who} ended the visit of the guest {label}", "{who} 结束了嘉宾{label}的连线"),
        ("{who} ended {keys} guests' links", "{who} 收回了 {keys} 个嘉宾链接"),
    ),
    "invitation.accept": (
        "{who} accepted an invitation and has an account now",
        "{who} 接受了邀请，有了账号",
    ),
    "invitation.add": ("{who} invited {label}", "{who} 邀请了{label}"),
    "invitation.revoke": _ended(
        ("{who} withdrew the invitation of {label}", "{who} 收回了对{label}的邀请"),
        ("{who} withdrew {keys} invitations", "{who} 收回了 {keys} 份邀请"),
    ),
    "key.add": ("{who} made the key {label} for a program", "{who} 为程序生成了密钥{label}"),
    "key.revoke": _ended(
        ("{who} revoked the program's key {label}", "{who} 收回了程序密钥{label}"),
        ("{who} revoked {keys} programs' keys", "{who} 收回了 {keys} 个程序密钥"),
    ),
    "keys.replace": lambda detail: (
        (
            "{who} made new keys for orders' links, since the old ones were lost",
            "{who} 因原密钥丢失，为订单链接换了新密钥",
        )
        if detail.get("lost")
        else ("{who} made new keys for orders' links", "{who} 为订单链接换了新密钥")
    ),
    "lot.add": ("{who} recorded the harvest of {lot}", "{who} 记了 {lot} 的采收"),
    "lot.certify": ("{who} added a certificate to {lot}", "{who} 给 {lot} 添加了合格证"),
    "lot.correct": ("{who} corrected the harvest of {lot}", "{who} 更正了 {lot} 的采收量"),
    "lot.inspect": ("{who} recorded a test of {lot}", "{who} 记了 {lot} 的检测"),
    "lot.lift": ("{who} lifted the stop of {lot}", "{who} 解除了 {lot} 的停售"),
    "lot.pack": ("{who} recorded the packing of {lot}", "{who} 记了 {lot} 的装箱"),
    "lot.ship": ("{who} recorded the shipping of {lot}", "{who} 记了 {lot} 的发货"),
    "lot.stop": _stopped,
    "lot.unwaste": (
        "{who} withdrew a record of waste of {lot}",
        "{who} 撤回了 {lot} 的一条拣出记录",
    ),
    "lot.waste": ("{who} recorded waste of {lot}", "{who} 从 {lot} 中拣出不卖"),
    "lot.withdraw_lift": (
        "{who} withdrew a lift of {lot}",
        "{who} 撤回了对 {lot} 停售的解除",
    ),
    "lot.withdraw_test": ("{who} withdrew a test of {lot}", "{who} 撤回了 {lot} 的一次检测"),
    "notice.send": (
        "{who} sent a message about {order} that was held back",
        "{who} 发出了一条关于 {order} 的暂缓消息",
    ),
    "offer.add": ("{who} put {offer} into the bag", "{who} 把 {offer} 放进了购物袋"),
    "offer.change": _offer_changed,
    "offer.correct": (
        "{who} corrected the wrong price of {offer}",
        "{who} 更正了 {offer} 标错的价格",
    ),
    "offer.release": _released,
    "order.claim_refunded": (
        "{who} refunded a claim about {order}",
        "{who} 为 {order} 的售后退了款",
    ),
    "order.claim_refused": ("{who} refused a claim about {order}", "{who} 拒绝了 {order} 的售后"),
    "order.handed_over": ("{who} handed {order} over", "{who} 交付了 {order}"),
    "order.move": _moved,
    "order.paid": ("{who} marked {order} as paid", "{who} 把 {order} 记为已付款"),
    "order.put_right": _put_right,
    "order.refunded": _refunded,
    "order.undo": ("{who} undid what was done with {orders}", "{who} 撤销了对 {orders} 的操作"),
    **{
        f"order.{state}": (
            f"{{who}} moved {{order}} to “{words[0]}”",
            f"{{who}} 把 {{order}} 改为“{words[1]}”",
        )
        for state, words in STATES.items()
        if state != "cancelled"
    },
    "order.cancelled": ("{who} cancelled {order}", "{who} 取消了 {order}"),
    "person.erase": _erased,
    "plot.add": ("{who} added the plot {subject}", "{who} 添加了地块 {subject}"),
    "plot.change": ("{who} changed the plot {subject}", "{who} 修改了地块 {subject}"),
    "product.add": ("{who} made the product {subject}", "{who} 建了商品 {subject}"),
    "product.change": ("{who} changed the product {subject}", "{who} 修改了商品 {subject}"),
    "session.end": lambda detail: (
        ("{who} ended another of their own sign-ins", "{who} 结束了自己的另一个登录")
        if detail.get("other")
        else ("{who} signed out", "{who} 退出了登录")
    ),
    "session.fail": _failed,
    "session.start": ("{who} signed in", "{who} 登录了"),
    "source.switch": ("{who} put the camera {label} on air", "{who} 把机位{label}切换到播出"),
    "stream_key.add": ("{who} made a key for the camera {label}", "{who} 为机位{label}生成了密钥"),
    "stream_key.revoke": _ended(
        ("{who} revoked the key of the camera {label}", "{who} 收回了机位{label}的密钥"),
        ("{who} revoked {keys} cameras' keys", "{who} 收回了 {keys} 个机位密钥"),
    ),
    "work.add": _work(
        ("{who} recorded that {plot} flowered", "{who} 记了 {plot} 开花"),
        ("{who} recorded a spraying of {plot}", "{who} 记了 {plot} 打药"),
    ),
    "work.withdraw": _work(
        ("{who} took back that {plot} flowered", "{who} 撤回了 {plot} 的一条开花记录"),
        ("{who} withdrew a spraying of {plot}", "{who} 撤回了 {plot} 的一条打药记录"),
    ),
}
# In the place of a thing whose name is not known any more, or never was.
UNNAMED: dict[str, Both] = {
    "broadcast": ("a broadcast", "一场直播"),
    "lot": ("a lot", "一个批次"),
    "offer": ("an offer", "一件商品"),
    "order": ("an order", "一个订单"),
    "plot": ("a plot", "一个地块"),
    "account": ("an account", "某个账号"),
    "subject": ("that is gone", "（已不存在）"),
}
